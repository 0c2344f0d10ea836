// Changes of an email's keywords and mailboxes: made, reversed, joined, and held against what has happened meanwhile. Pure. RFC 8621 §4.6.
import type { Patch } from "../jmap/methods";
import type { EmailRow, Id } from "../jmap/records";

type Flags = Record<string, true>;
type Wishes = Record<string, boolean>;
export type State = Pick<EmailRow, "keywords" | "mailboxIds">;

/** Keywords and mailboxes that an email is to have or to lose. */
export interface Change {
  keywords?: Wishes;
  mailboxIds?: Record<Id, boolean>;
}

export function changed<Row extends State>(row: Row, one: Change): Row {
  return { ...row, keywords: applied(row.keywords, one.keywords), mailboxIds: applied(row.mailboxIds, one.mailboxIds) };
}

function applied(set: Flags, wanted: Wishes = {}): Flags {
  const next = { ...set };
  for (const [key, on] of Object.entries(wanted)) {
    if (on) next[key] = true;
    else delete next[key];
  }
  return next;
}

export function reverse(before: State, one: Change): Change {
  const back = (set: Flags, wanted: Wishes = {}) => Object.fromEntries(Object.keys(wanted).map((key) => [key, key in set]));
  return { keywords: back(before.keywords, one.keywords), mailboxIds: back(before.mailboxIds, one.mailboxIds) };
}

export function patch(one: Change): Patch {
  const found: Patch = {};
  for (const [key, on] of Object.entries(one.keywords ?? {})) found[`keywords/${pointer(key)}`] = on ? true : null;
  for (const [key, on] of Object.entries(one.mailboxIds ?? {})) found[`mailboxIds/${pointer(key)}`] = on ? true : null;
  return found;
}

/** A name in the path of a patch (RFC 6901 §3). */
export function pointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Two changes of one email, one after the other, as one; what is as it was `before` is left out. */
export function joined(before: State, one: Change, next: Change): Change {
  const after = changed(changed(before, one), next);
  return difference(before, after);
}

function difference(before: State, after: State): Change {
  return { keywords: wishes(before.keywords, after.keywords), mailboxIds: wishes(before.mailboxIds, after.mailboxIds) };
}

function wishes(before: Flags, after: Flags): Wishes {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries([...keys].filter((key) => key in before !== key in after).map((key) => [key, key in after]));
}

export function isNothing(one: Change): boolean {
  return !Object.keys(one.keywords ?? {}).length && !Object.keys(one.mailboxIds ?? {}).length;
}

/** A change that had to wait, held against the email as it is `now`: what is left to be done of it, and whether others have moved it elsewhere, which stands. */
export function rebased(before: State, now: State, wanted: Change): { change: Change; conflict: boolean } {
  const after = changed(before, wanted);
  const moved = Object.keys(wanted.mailboxIds ?? {}).length > 0 && !same(now.mailboxIds, before.mailboxIds);
  const conflict = moved && !same(now.mailboxIds, after.mailboxIds);
  const keywords = Object.fromEntries(Object.entries(wanted.keywords ?? {}).filter(([key, on]) => key in now.keywords !== on));
  return { change: { keywords, mailboxIds: moved ? {} : (wanted.mailboxIds ?? {}) }, conflict };
}

function same(one: Flags, other: Flags): boolean {
  return Object.keys(one).sort().join() === Object.keys(other).sort().join();
}
