// Every visible string comes from a catalogue: one JSON file per feature in en/, the source; other languages have the same files and an
// index.ts that makes one of them.
// A key is `feature.what`; {name} is replaced; a value may be { one: "…", other: "…" } by the plural rules of `count`.
import { computed, signal } from "@preact/signals";

export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalogue = Record<string, Entry>;

const english: Catalogue = Object.assign({}, ...Object.values(import.meta.glob<Catalogue>("./en/*.json", { eager: true, import: "default" })));
const others = import.meta.glob<Catalogue>("./*/index.ts", { import: "default" });
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

export const language = signal("en");
/** The language with the region that the browser names, which decides how dates and numbers are written. */
export const locale = computed(() => navigator.languages.find((one) => one.split("-")[0] === language.value) ?? language.value);
let words: Catalogue = english;

/** Languages that have a catalogue. */
export function languages(): string[] {
  return [...new Set(["en", ...Object.keys(others).map((path) => path.split("/")[1] ?? "en")])];
}

/** Shows everything in another language from now on. */
export async function speak(wanted: string): Promise<void> {
  const load = others[`./${wanted}/index.ts`];
  words = { ...english, ...(await load?.()) };
  document.documentElement.lang = load ? wanted : "en";
  document.documentElement.dir = RIGHT_TO_LEFT.has(wanted) ? "rtl" : "ltr";
  language.value = load ? wanted : "en";
}

/** The string of a key, in the language of the moment; the key itself where there is none. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const spoken = language.value; // read, so that what shows it is drawn anew
  const entry = words[key] ?? key;
  const text = typeof entry === "string" ? entry : (entry[plural(spoken, Number(values["count"] ?? 0))] ?? entry.other ?? key);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

export function number(value: number): string {
  return new Intl.NumberFormat(locale.value).format(value);
}

function plural(spoken: string, count: number): Intl.LDMLPluralRule {
  return new Intl.PluralRules(spoken).select(count);
}
