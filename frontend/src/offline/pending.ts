// Changes of emails that wait for a connection: one for each email, what was before and what is wanted; kept in the browser's database. And those that are
// on their way to the server. What is read meanwhile is shown as if they had been made. Not here: how they are made in the end (features/offline/replay.ts).
import { signal } from "@preact/signals";
import type { EmailRow, Id } from "../jmap/records";
import { type Change, type State, changed, isNothing, joined } from "../mail/changes";
import { allWaiting, dropWaiting, putWaiting } from "./store";

export interface Pending {
  key: Id;
  before: State;
  change: Change;
  destroy: boolean;
}

/** By email. */
export const pending = signal<ReadonlyMap<Id, Pending>>(new Map());

/** What is left of before: another window may have made it meanwhile. */
export async function loadPending(): Promise<void> {
  pending.value = new Map((await allWaiting<Pending>("pending")).map((one) => [one.key, one]));
}

let last: Promise<unknown> = Promise.resolve();

// Other windows put something here, too: one after the other, each with what is there by then. Without locks (a page without TLS) it is one's own that wait.
function inTurn(work: () => Promise<void>): Promise<void> {
  const turn = () => loadPending().then(work);
  if (navigator.locks) return navigator.locks.request("postroom-waiting", turn);
  const now = last.then(turn);
  last = now.catch(() => {});
  return now;
}

/** `before`: the emails as they were shown; `changes`: by email. */
export function wait(before: readonly Known[], changes: ReadonlyMap<Id, Change>): Promise<void> {
  return inTurn(() => add(before, changes));
}

async function add(before: readonly Known[], changes: ReadonlyMap<Id, Change>): Promise<void> {
  const all = new Map(pending.peek());
  for (const row of before) {
    const known = all.get(row.id);
    if (known?.destroy) continue;
    const first = known?.before ?? { keywords: row.keywords, mailboxIds: row.mailboxIds };
    const change = joined(first, known?.change ?? {}, changes.get(row.id) ?? {});
    if (isNothing(change)) all.delete(row.id);
    else all.set(row.id, { key: row.id, before: first, change, destroy: false });
  }
  await keep(all, before.map((row) => row.id));
}

export function waitToBeDestroyed(emails: readonly EmailRow[]): Promise<void> {
  return inTurn(() => addDestroyed(emails));
}

async function addDestroyed(emails: readonly EmailRow[]): Promise<void> {
  const all = new Map(pending.peek());
  for (const { id, keywords, mailboxIds } of emails) all.set(id, { key: id, before: all.get(id)?.before ?? { keywords, mailboxIds }, change: {}, destroy: true });
  await keep(all, emails.map((row) => row.id));
}

/** They are done, or cannot be. */
export async function settled(ids: readonly Id[]): Promise<void> {
  const all = new Map(pending.peek());
  for (const id of ids) all.delete(id);
  await keep(all, ids);
}

type Known = State & Pick<EmailRow, "id">;

async function keep(all: ReadonlyMap<Id, Pending>, touched: readonly Id[]): Promise<void> {
  pending.value = all;
  const there = touched.map((id) => all.get(id)).filter((one) => one !== undefined);
  await putWaiting("pending", there);
  await dropWaiting("pending", touched.filter((id) => !all.has(id)));
}

const onTheirWay = new Set<ReadonlyMap<Id, Change>>(); // to the server, by email, in their order

/** While `work` tells the server of changes, what is read may be older than they are. */
export async function whileTold(changes: ReadonlyMap<Id, Change>, work: () => Promise<void>): Promise<void> {
  onTheirWay.add(changes);
  try {
    await work();
  } finally {
    onTheirWay.delete(changes);
  }
}

/** An email as it will be. */
export function asItWillBe<Row extends Partial<State> & { id: Id }>(row: Row): Row {
  if (!row.keywords || !row.mailboxIds) return row;
  const wanted = [pending.peek().get(row.id)?.change, ...[...onTheirWay].map((changes) => changes.get(row.id))];
  return wanted.reduce<Row & State>((shown, change) => (change ? changed(shown, change) : shown), row as Row & State);
}

/** Of a mailbox's list, those that will not be there. */
export function willBeGoneFrom(mailboxId: Id | undefined): Id[] {
  const gone = (one: Pending) => one.destroy || (mailboxId !== undefined && one.change.mailboxIds?.[mailboxId] === false);
  return [...pending.peek().values()].filter(gone).map((one) => one.key);
}
