// Changing emails: shown at once, then told to the server, and kept so that it can be taken back. RFC 8621 §4.6.
import { t } from "../i18n/words";
import { jmap } from "../jmap/client";
import type { Patch, SetAnswer } from "../jmap/methods";
import type { EmailRow, Id } from "../jmap/records";
import { offline } from "../offline/keeper";
import { changeRow, peekRow } from "./emails";
import { listed, source, touchList } from "./list";
import { catchUp } from "./sync";
import { done } from "./undo";

const AT_ONCE = 400; // of what the server takes in one call

/** Keywords and mailboxes that an email is to have or to lose. */
export interface Change {
  keywords?: Record<string, boolean>;
  mailboxIds?: Record<Id, boolean>;
}

/** Makes a change, and says `label` with a way back; "" says nothing and keeps nothing. */
export async function change(emails: readonly EmailRow[], wanted: (row: EmailRow) => Change, label: string): Promise<void> {
  if (offline.peek()) {
    if (label) throw new Error(t("offline.refused"));
    return; // what nobody has asked for, such as that it was read, is left
  }
  const before = emails.map((row) => peekRow(row.id) ?? row);
  const changes = new Map(before.map((row) => [row.id, wanted(row)]));
  await tell(changes);
  if (label) done(label, () => tell(new Map(before.map((row) => [row.id, reverse(row, changes.get(row.id) ?? {})]))));
}

async function tell(changes: ReadonlyMap<Id, Change>): Promise<void> {
  const before = [...changes.keys()].map(peekRow).filter((row) => row !== undefined);
  for (const [id, one] of changes) changeRow(id, (row) => changed(row, one));
  leaveList(changes);
  const all = [...changes].map(([id, one]) => [id, patch(one)] as const).filter(([, one]) => Object.keys(one).length);
  const failed: string[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const answer = await jmap.call("Email/set", { update: Object.fromEntries(all.slice(at, at + AT_ONCE)) }).catch((error: unknown) => {
      takeBack(before); // the connection was lost on the way: what is shown is what is known
      throw error;
    });
    failed.push(...reasons(answer));
  }
  await catchUp();
  if (failed.length) throw new Error(t("error.change", { count: failed.length, why: failed[0] ?? "" }));
}

function takeBack(before: readonly EmailRow[]): void {
  for (const row of before) changeRow(row.id, () => row);
  listed.peek().window.clear();
  touchList();
}

/** Deletes for good. */
export async function destroy(emails: readonly EmailRow[]): Promise<void> {
  if (offline.peek()) throw new Error(t("offline.refused"));
  const ids = emails.map((row) => row.id);
  listed.peek().window.without(ids);
  touchList();
  for (let at = 0; at < ids.length; at += AT_ONCE) await jmap.call("Email/set", { destroy: ids.slice(at, at + AT_ONCE) });
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

function changed(row: EmailRow, one: Change): EmailRow {
  return { ...row, keywords: applied(row.keywords, one.keywords), mailboxIds: applied(row.mailboxIds, one.mailboxIds) };
}

function applied(set: Record<string, true>, wanted: Record<string, boolean> = {}): Record<string, true> {
  const next = { ...set };
  for (const [key, on] of Object.entries(wanted)) {
    if (on) next[key] = true;
    else delete next[key];
  }
  return next;
}

function reverse(before: EmailRow, one: Change): Change {
  const back = (set: Record<string, true>, wanted: Record<string, boolean> = {}) =>
    Object.fromEntries(Object.keys(wanted).map((key) => [key, key in set]));
  return { keywords: back(before.keywords, one.keywords), mailboxIds: back(before.mailboxIds, one.mailboxIds) };
}

export function patch(one: Change): Patch {
  const found: Patch = {};
  for (const [key, on] of Object.entries(one.keywords ?? {})) found[`keywords/${pointer(key)}`] = on ? true : null;
  for (const [key, on] of Object.entries(one.mailboxIds ?? {})) found[`mailboxIds/${pointer(key)}`] = on ? true : null;
  return found;
}

function pointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function reasons(answer: SetAnswer): string[] {
  return Object.values(answer.notUpdated ?? {})
    .filter((error) => error.type !== "notFound")
    .map((error) => error.description ?? error.type);
}
