// What is known of emails and threads: a signal for each, so that a change draws anew only what shows it. Bounded.
import { type Signal, signal } from "@preact/signals";
import type { EmailBody, EmailRow, Id, Thread } from "../jmap/records";
import { offline } from "../offline/keeper";
import { asItWillBe } from "../offline/pending";

const MOST_ROWS = 6000;
const MOST_BODIES = 200;

const rows = new Map<Id, Signal<EmailRow>>();
const threads = new Map<Id, Signal<Id[]>>();
const bodies = new Map<Id, EmailBody>();

export function emailRow(id: Id): EmailRow | undefined {
  return rows.get(id)?.value;
}

/** Without drawing anew when it changes. */
export function peekRow(id: Id): EmailRow | undefined {
  return rows.get(id)?.peek();
}

export function keepRows(list: readonly EmailRow[]): void {
  for (const row of list) {
    const known = rows.get(row.id);
    // Without a connection the row is one that was kept, and what is known may be newer.
    if (known) known.value = asItWillBe(offline.peek() ? { ...row, ...known.peek() } : { ...known.peek(), ...row });
    else rows.set(row.id, signal(asItWillBe(row)));
  }
  prune(rows, MOST_ROWS);
}

export function changeRow(id: Id, change: (row: EmailRow) => EmailRow): void {
  const known = rows.get(id);
  if (known) known.value = change(known.peek());
}

export function forgetEmails(ids: readonly Id[]): void {
  for (const id of ids) {
    const thread = threads.get(peekRow(id)?.threadId ?? "");
    if (thread) thread.value = thread.peek().filter((one) => one !== id);
    rows.delete(id);
    bodies.delete(id);
  }
}

/** Forgets all that is not to be kept: it is fetched again when it is shown. */
export function forgetBut(keptRows: ReadonlySet<Id>, keptThreads: ReadonlySet<Id>): void {
  for (const id of rows.keys()) if (!keptRows.has(id)) rows.delete(id);
  for (const id of threads.keys()) if (!keptThreads.has(id)) threads.delete(id);
}

export function threadEmails(threadId: Id): Id[] | undefined {
  return threads.get(threadId)?.value;
}

export function peekThread(threadId: Id): Id[] | undefined {
  return threads.get(threadId)?.peek();
}

export function keepThreads(list: readonly Thread[]): void {
  for (const thread of list) {
    const known = threads.get(thread.id);
    if (!known) threads.set(thread.id, signal(thread.emailIds));
    else if (known.peek().join() !== thread.emailIds.join()) known.value = thread.emailIds;
  }
  prune(threads, MOST_ROWS);
}

/** The emails of an email's thread, oldest first, as far as they are known; at least itself. */
export function conversation(id: Id): EmailRow[] {
  const row = emailRow(id);
  if (!row) return [];
  const all = (threadEmails(row.threadId) ?? [id]).map(emailRow).filter((one) => one !== undefined);
  return all.length ? all : [row];
}

export function emailBody(id: Id): EmailBody | undefined {
  return bodies.get(id);
}

export function keepBodies(list: readonly EmailBody[]): void {
  for (const body of list) {
    bodies.delete(body.id);
    bodies.set(body.id, body);
  }
  prune(bodies, MOST_BODIES);
}

export function forgetAll(): void {
  rows.clear();
  threads.clear();
  bodies.clear();
}

function prune(map: Map<Id, unknown>, most: number): void {
  for (const id of map.keys()) {
    if (map.size <= most) return;
    map.delete(id);
  }
}
