// Reed-Solomon over GF(256) with the polynomial 0x11d, as QR codes have it. ISO/IEC 18004 §7.5.
const EXP: number[] = [];
const LOG: number[] = [];

for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = value;
  LOG[value] = power;
  value = value << 1 ^ (value & 0x80 ? 0x11d : 0);
}

function times(a: number, b: number): number {
  return a && b ? (EXP[((LOG[a] ?? 0) + (LOG[b] ?? 0)) % 255] ?? 0) : 0;
}

/** The generator of a code with so many check symbols, highest coefficient (1) left out. */
function generator(degree: number): number[] {
  let found = [1];
  for (let root = 0; root < degree; root++) {
    const shifted = [...found, 0];
    found = shifted.map((value, index) => value ^ times(found[index - 1] ?? 0, EXP[root] ?? 0));
  }
  return found.slice(1);
}

/** The check symbols of a block. */
export function checks(data: readonly number[], degree: number): number[] {
  const divisor = generator(degree);
  let rest = new Array<number>(degree).fill(0);
  for (const symbol of data) {
    const factor = symbol ^ (rest[0] ?? 0);
    rest = [...rest.slice(1), 0].map((value, index) => value ^ times(divisor[index] ?? 0, factor));
  }
  return rest;
}
