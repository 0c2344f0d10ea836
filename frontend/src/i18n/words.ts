// Every visible string comes from a catalogue: one JSON file per feature in en/, the source; other languages have the same files.
// A key is `feature.what`; {name} is replaced; a value may be { one: "…", other: "…" } by the plural rules of `count`.
import { signal } from "@preact/signals";

export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalogue = Record<string, Entry>;

const english: Catalogue = Object.assign({}, ...Object.values(import.meta.glob<Catalogue>("./en/*.json", { eager: true, import: "default" })));
const others = import.meta.glob<Catalogue>(["./*/*.json", "!./en/*.json"], { import: "default" });
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

export const language = signal("en");
let words: Catalogue = english;

/** Languages that have a catalogue. */
export function languages(): string[] {
  return [...new Set(["en", ...Object.keys(others).map((path) => path.split("/")[1] ?? "en")])];
}

/** Shows everything in another language from now on. */
export async function speak(wanted: string): Promise<void> {
  const files = Object.entries(others).filter(([path]) => path.startsWith(`./${wanted}/`));
  const found = await Promise.all(files.map(([, load]) => load()));
  words = Object.assign({}, english, ...found);
  document.documentElement.lang = files.length ? wanted : "en";
  document.documentElement.dir = RIGHT_TO_LEFT.has(wanted) ? "rtl" : "ltr";
  language.value = files.length ? wanted : "en";
}

/** The string of a key, in the language of the moment; the key itself where there is none. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const locale = language.value; // read, so that what shows it is drawn anew
  const entry = words[key] ?? key;
  const text = typeof entry === "string" ? entry : (entry[plural(locale, Number(values["count"] ?? 0))] ?? entry.other ?? key);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

export function number(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

function plural(locale: string, count: number): Intl.LDMLPluralRule {
  return new Intl.PluralRules(locale).select(count);
}
