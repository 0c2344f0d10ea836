// Which conversations are marked, by the id of the email that stands for each in the list; and where the cursor of the keyboard is.
import { computed, effect, signal } from "@preact/signals";
import type { Id } from "../jmap/records";
import { peekRow, peekThread } from "./emails";
import { listShown, listed, source } from "./list";
import { openThread } from "./thread";

export const marked = signal<ReadonlySet<Id>>(new Set());
/** Position of the row that the keyboard is at; -1: none. It stays with its row when others come or go. */
export const cursor = signal(-1);
/** All that the list shows is meant, and what it has not fetched yet, too: how many emails that is; 0: no. */
export const everything = signal(0);
let anchor = -1;
let held: Id | undefined; // the row at the cursor
let lost: Id | undefined; // the one that was, which may come again: of a conversation to which an answer has come

// The row of an email's conversation, where it is in the list: an answer stands for what it answers.
function rowOf(id: Id | undefined): Id | undefined {
  const { window } = listed.peek();
  const isThere = (one: Id) => window.placeOf(one) !== undefined;
  if (id === undefined || isThere(id)) return id;
  return source.peek()?.flat ? undefined : peekThread(peekRow(id)?.threadId ?? "")?.find(isThere);
}

effect(() => {
  held = listed.peek().window.at(cursor.value);
  lost = undefined;
});
effect(() => {
  const { window } = listed.value;
  const now = rowOf(lost) ?? rowOf(held);
  if (now !== undefined) {
    held = now;
    cursor.value = window.placeOf(now) ?? -1;
  } else {
    if (held !== undefined && !window.isLeaving(held)) lost = held;
    held = window.at(cursor.peek()) ?? held;
  }
});
effect(() => {
  listed.value;
  const next = [...marked.peek()].map((id) => rowOf(id) ?? id);
  if (next.some((id) => !marked.peek().has(id))) marked.value = new Set(next);
});

export const markedCount = computed(() => marked.value.size);

export function mark(id: Id, on = !marked.peek().has(id)): void {
  everything.value = 0;
  const next = new Set(marked.peek());
  if (on) next.add(id);
  else next.delete(id);
  marked.value = next;
  anchor = listed.peek().window.placeOf(id) ?? -1;
}

/** All from the last marked one to here. */
export function markTo(position: number): void {
  everything.value = 0;
  const { window } = listed.peek();
  const from = anchor < 0 ? position : anchor;
  const next = new Set(marked.peek());
  for (let at = Math.min(from, position); at <= Math.max(from, position); at++) {
    const id = window.at(at);
    if (id !== undefined) next.add(id);
  }
  marked.value = next;
}

export function markAllKnown(): void {
  everything.value = 0;
  marked.value = new Set(listed.peek().window.known());
}

/** Those that are there and fit. */
export function markThose(fits: (id: Id) => boolean): void {
  everything.value = 0;
  marked.value = new Set(listed.peek().window.known().filter(fits));
}

export function unmarkAll(): void {
  everything.value = 0;
  marked.value = new Set();
  anchor = -1;
}

/** What a command is about: what is marked, else what is open, else where the cursor is. Nothing that is out of sight. */
export function targets(): Id[] {
  if (!listShown.value) return [];
  if (marked.value.size) return [...marked.value];
  const open = openThread.value;
  const { window } = listed.value;
  if (open) {
    const shown = open.emailIds.find((id) => window.placeOf(id) !== undefined) ?? open.emailIds.at(-1);
    return shown ? [shown] : [];
  }
  const at = window.at(cursor.value);
  return at && peekRow(at) ? [at] : [];
}
