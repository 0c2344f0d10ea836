// What outlives the page: windows with what is not saved yet, and what can still be called back, in the session storage of the tab, each user's apart.
// Once a draft is saved, only its id stays here, so that nothing of one's mail is left behind in the browser.
import { jmap } from "../../jmap/client";
import type { Draft } from "./draft";
import { type Compose, type Held, type Mode, changesSince, held, windows } from "./windows";

export interface Kept {
  key: string;
  emailId: string | null;
  mode: Mode;
  original: Draft["original"];
  draft: Draft | null; // null: as it was saved
  since: number | null; // changes since it was handed in without an answer
}

// Whom the page was made for, also when the session is over: its windows are still there.
const name = (what: string) => `postroom.${what}.${jmap.session?.username ?? ""}`;

let before: Map<string, Kept> | null = null;

// Of the page before, and not open again yet: where it cannot be opened now, it is kept on.
function unopened(): Map<string, Kept> {
  return (before ??= new Map(read<Kept>("compose").map((one) => [one.key, one])));
}

export function keep(): void {
  const all = windows.peek().filter((one) => !one.over).map(keptOf);
  write("compose", [...unopened().values(), ...all.filter((one) => one.draft !== null || one.emailId !== null)]);
}

/** Its window is open again, or there is nothing of it any more. */
export function opened(key: string): void {
  unopened().delete(key);
}

function keptOf(one: Compose): Kept {
  const draft = one.draft.peek();
  const saved = one.emailId !== null && one.version === one.savedVersion;
  const files = draft.files.filter((file) => file.blobId); // what has not arrived is in the page's memory alone
  const since = changesSince(one);
  return { key: one.key, emailId: one.emailId, mode: one.mode.peek(), original: draft.original, since, draft: saved || one.version === 0 ? null : { ...draft, files } };
}

export function keptWindows(): Kept[] {
  return [...unopened().values()];
}

export function keepHeld(): void {
  write("held", held.peek());
}

export function keptHeld(): Held[] {
  return read<Held>("held").filter((one) => one.until > Date.now());
}

function write(what: string, list: readonly unknown[]): void {
  try {
    if (list.length) sessionStorage.setItem(name(what), JSON.stringify(list));
    else sessionStorage.removeItem(name(what));
  } catch {
    // full: what is saved on the server is enough
  }
}

function read<T>(what: string): T[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(name(what)) ?? "[]");
    return Array.isArray(found) ? (found as T[]) : [];
  } catch {
    return [];
  }
}
