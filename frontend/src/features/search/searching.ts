// Searching: the text is read by the server, its filter is a list, its words are shown, its mistakes are told where they are.
import { signal } from "@preact/signals";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { Filter } from "../../jmap/methods";
import { type ListSource, openList, source } from "../../state/list";
import { prefer, preference } from "../../state/preferences";
import { go, match, place } from "../../state/route";
import { cursor, unmarkAll } from "../../state/selection";
import { problem } from "../../state/toasts";
import { excerptsOf } from "./excerpts";
import type { Term } from "./query_text";

export interface Mistake {
  type: string;
  start: number;
  end: number;
  description: string;
  remedy: string;
}

export interface Parsed {
  /** As it was typed, which places are of. */
  given: string;
  /** When it was read, in ms: folders come and go, and "yesterday" is another day tomorrow. */
  at: number;
  filter: Filter | null;
  text: string | null;
  meaning: string | null;
  terms: Term[];
  errors: Mistake[];
}

declare module "../../jmap/methods" {
  interface Methods {
    "SearchQuery/parse": Method<{ text: string; timeZone: string }, Omit<Parsed, "given" | "at">>;
  }
}

export const PATTERN = "/search/:query/:thread?";
const KEY = "search ";
const MOST_RECENT = 10;
const MOST_KNOWN = 30;
const FRESH_MS = 3000; // what was read as it was typed needs no other look

/** What stands in the search box, and what was last read of it. */
export const typed = signal("");
export const understood = signal<Parsed | null>(null);
const known = new Map<string, Parsed>();
const sources = new Map<string, ListSource>();

/** What a text means, as it was read within the time `fresh`, in ms. */
export async function parse(text: string, fresh = Infinity): Promise<Parsed> {
  const before = known.get(text);
  if (before && Date.now() - before.at < fresh) return before;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const parsed = { ...(await jmap.call("SearchQuery/parse", { text, timeZone: zone })), given: text, at: Date.now() };
  known.set(text, parsed);
  for (const key of known.keys()) if (known.size > MOST_KNOWN) known.delete(key);
  return parsed;
}

/** The list of a text that was read; null while it was not: then it is read, and opened. */
export function listOf(text: string): ListSource | null {
  const parsed = known.get(text);
  if (parsed) return parsed.errors.length ? null : sourceOf(parsed);
  parse(text).then((found) => {
    if (match(PATTERN, place.peek().path)?.["query"] !== text) return;
    show(found);
    if (found.errors.length) return go("/folder/inbox", true);
    open(found);
  }, problem);
  return null;
}

function open(parsed: Parsed): void {
  cursor.value = -1;
  unmarkAll();
  void openList(sourceOf(parsed));
}

function sourceOf(parsed: Parsed): ListSource {
  let made = sources.get(parsed.given);
  if (!made) {
    const filter = parsed.filter ?? {};
    made = {
      key: KEY + parsed.given,
      path: pathOf(parsed.given),
      title: t("search.title", { text: parsed.text ?? parsed.given }),
      filter,
      excerpt: excerptsOf(filter),
    };
    sources.set(parsed.given, made);
  }
  return made;
}

/** What was understood of the search that a list shows; null for other lists. */
export function understoodOf(list: ListSource | null): Parsed | null {
  return list?.key.startsWith(KEY) ? (known.get(list.key.slice(KEY.length)) ?? null) : null;
}

function pathOf(text: string): string {
  return `/search/${encodeURIComponent(text)}`;
}

/** Puts into the box what is shown. */
export function show(parsed: Parsed): void {
  typed.value = parsed.given;
  understood.value = parsed;
}

/** Opens what was found; false where the text has mistakes, which are told then. */
export async function search(text: string): Promise<boolean> {
  const wanted = text.trim();
  if (!wanted) return false;
  const parsed = await parse(wanted, FRESH_MS);
  show(parsed);
  if (parsed.errors.length) return false;
  sources.delete(wanted); // looked for anew, with new snippets
  go(pathOf(wanted));
  if (source.peek()?.key === KEY + wanted) {
    source.value = null; // the address may be the same: nobody else opens it
    open(parsed);
  }
  void remember(parsed.text ?? wanted).catch(problem);
  return true;
}

export function recent(): readonly string[] {
  return preference<string[]>("searches", []);
}

async function remember(text: string): Promise<void> {
  const others = recent().filter((one) => one !== text);
  await prefer("searches", [text, ...others].slice(0, MOST_RECENT));
}

export async function forgetRecent(): Promise<void> {
  await prefer("searches", undefined);
}
