// Changing emails: shown at once, then told to the server, and kept so that it can be taken back. Without a connection it waits for one. RFC 8621 §4.6.
import { t } from "../i18n/words";
import { RequestFailed, jmap } from "../jmap/client";
import type { SetAnswer } from "../jmap/methods";
import type { EmailRow, Id } from "../jmap/records";
import { type Change, changed, patch, reverse } from "../mail/changes";
import { offline, stays } from "../offline/keeper";
import { wait, waitToBeDestroyed } from "../offline/pending";
import { changeRow, peekRow } from "./emails";
import { listed, source, touchList } from "./list";
import { catchUp } from "./sync";
import { doing } from "./undo";

const AT_ONCE = 400; // of what the server takes in one call

export type { Change };

/** Makes a change, and says `label` with a way back; "" says nothing and keeps nothing. */
export async function change(emails: readonly EmailRow[], wanted: (row: EmailRow) => Change, label: string): Promise<void> {
  if (offline.peek() && !stays()) {
    if (label) throw new Error(t("offline.refused"));
    return; // what nobody has asked for, such as that it was read, is left
  }
  const before = emails.map((row) => peekRow(row.id) ?? row);
  const changes = new Map(before.map((row) => [row.id, wanted(row)]));
  const told = tell(changes);
  if (!label) return told;
  await doing(label, told, () => tell(new Map(before.map((row) => [row.id, reverse(row, changes.get(row.id) ?? {})]))));
}

async function tell(changes: ReadonlyMap<Id, Change>): Promise<void> {
  const before = [...changes.keys()].map(peekRow).filter((row) => row !== undefined);
  for (const [id, one] of changes) changeRow(id, (row) => changed(row, one));
  leaveList(changes);
  if (offline.peek()) return later(before, changes);
  const all = [...changes].map(([id, one]) => [id, patch(one)] as const).filter(([, one]) => Object.keys(one).length);
  const failed: string[] = [];
  try {
    for (let at = 0; at < all.length; at += AT_ONCE) failed.push(...reasons(await jmap.call("Email/set", { update: Object.fromEntries(all.slice(at, at + AT_ONCE)) })));
  } catch (error) {
    if (isAway(error) && stays()) return later(before, changes);
    takeBack(before); // the connection was lost on the way: what is shown is what is known
    throw error;
  }
  await catchUp();
  if (failed.length) throw new Error(t("error.change", { count: failed.length, why: failed[0] ?? "" }));
}

// What is taken back of what waits comes into the list again.
async function later(before: readonly EmailRow[], changes: ReadonlyMap<Id, Change>): Promise<void> {
  await wait(before, changes);
  const box = source.peek()?.mailboxId;
  if (box && [...changes.values()].some((one) => one.mailboxIds?.[box])) listed.peek().window.clear();
  touchList();
}

function isAway(error: unknown): boolean {
  return error instanceof RequestFailed && error.status === 0;
}

function takeBack(before: readonly EmailRow[]): void {
  for (const row of before) changeRow(row.id, () => row);
  listed.peek().window.clear();
  touchList();
}

/** Deletes for good. */
export async function destroy(emails: readonly EmailRow[]): Promise<void> {
  if (offline.peek() && !stays()) throw new Error(t("offline.refused"));
  const ids = emails.map((row) => row.id);
  listed.peek().window.without(ids);
  touchList();
  if (offline.peek()) return waitToBeDestroyed(emails);
  try {
    for (let at = 0; at < ids.length; at += AT_ONCE) await jmap.call("Email/set", { destroy: ids.slice(at, at + AT_ONCE) });
  } catch (error) {
    if (!isAway(error) || !stays()) throw error;
    return waitToBeDestroyed(emails);
  }
  await catchUp();
}

// What is not in the mailbox of the list any more leaves it before the server has answered.
function leaveList(changes: ReadonlyMap<Id, Change>): void {
  const box = source.peek()?.mailboxId;
  if (!box) return;
  const { window } = listed.peek();
  window.without([...changes.keys()].filter((id) => changes.get(id)?.mailboxIds?.[box] === false));
  touchList();
}

function reasons(answer: SetAnswer): string[] {
  return Object.values(answer.notUpdated ?? {})
    .filter((error) => error.type !== "notFound")
    .map((error) => error.description ?? error.type);
}
