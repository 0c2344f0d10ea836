// What the lines of a journey mean, in other languages than the server's English: by the names that come with each meaning. Fetched when the first is read.
import { signal } from "@preact/signals";
import { language } from "../../i18n/words";
import type { Meaning } from "./records";

type Words = Record<string, string>;

const files = import.meta.glob<Words>("./meanings/*.json", { import: "default" });
const known = signal<ReadonlyMap<string, Words>>(new Map());
const asked = new Set<string>();

/** The text, and the language that it is in. What has no translation is in English. */
export function meaningIn({ text, names = [] }: Meaning): { text: string; lang: string } {
  const lang = language.value;
  void fetchWords(lang);
  const words = known.value.get(lang) ?? {};
  const [name = "", detail = "", status = ""] = names;
  const found = words[name];
  if (!found) return { text, lang: "en" };
  return { text: words[detail] ? `${found} ${status}: ${words[detail]}.` : found, lang };
}

export async function fetchWords(lang: string): Promise<void> {
  const load = files[`./meanings/${lang}.json`];
  if (!load || asked.has(lang)) return;
  asked.add(lang);
  try {
    const words = await load();
    known.value = new Map(known.value).set(lang, words);
  } catch {
    asked.delete(lang); // no connection; it is asked for again
  }
}
