// Octets as people read them.
import { locale } from "./words";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

export function size(octets: number): string {
  let unit = 0;
  while (octets >= 1000 && unit < UNITS.length - 1) {
    octets /= 1000;
    unit++;
  }
  const style = { style: "unit", unit: UNITS[unit], unitDisplay: unit ? "short" : "long", maximumFractionDigits: octets < 10 && unit ? 1 : 0 } as const;
  return new Intl.NumberFormat(locale.value, style as Intl.NumberFormatOptions).format(octets);
}
