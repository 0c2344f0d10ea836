// Changing emails: shown at once, then told to the server, and kept so that it can be taken back. Without a connection it waits for one. RFC 8621 §4.6.
import { t } from "../i18n/words";
import { RequestFailed, jmap } from "../jmap/client";
import type { SetAnswer, SetArguments } from "../jmap/methods";
import type { EmailRow, Id } from "../jmap/records";
import { type Change, changed, patch, reverse } from "../mail/changes";
import { pieces } from "../mail/pieces";
import { offline, stays } from "../offline/keeper";
import { pending, wait, waitToBeDestroyed, whileTold } from "../offline/pending";
import { changeRow, peekRow } from "./emails";
import { fetchAnew, listed, source, touchList } from "./list";
import { catchUp, looked } from "./sync";
import { doing } from "./undo";

const AT_ONCE = 400; // of what the server takes in one call
const REPLAYING = "postroom-pending"; // the lock of features/offline/replay.ts

export type { Change };
type Changes = ReadonlyMap<Id, Change>;

/** Makes a change, and says `label` with a way back; "" says nothing and keeps nothing. */
export async function change(emails: readonly EmailRow[], wanted: (row: EmailRow) => Change, label: string): Promise<void> {
  if (offline.peek() && !stays()) {
    if (label) throw new Error(t("offline.refused"));
    return; // what nobody has asked for, such as that it was read, is left
  }
  const before = emails.map((row) => peekRow(row.id) ?? row);
  const changes = new Map(before.map((row) => [row.id, wanted(row)]));
  const told = tell(before, changes);
  if (!label) return told;
  await doing(label, told, () => takenBack(before, changes));
}

function takenBack(before: readonly EmailRow[], changes: Changes): Promise<void> {
  const now = before.map((row) => peekRow(row.id) ?? changed(row, changes.get(row.id) ?? {}));
  return tell(now, new Map(before.map((row) => [row.id, reverse(row, changes.get(row.id) ?? {})])));
}

async function tell(before: readonly EmailRow[], changes: Changes): Promise<void> {
  for (const [id, one] of changes) changeRow(id, (row) => changed(row, one));
  leaveList(changes);
  const all = [...changes].map(([id, one]) => [id, patch(one)] as const).filter(([, one]) => Object.keys(one).length);
  const wishes = pieces(all, AT_ONCE).map((some) => ({ update: Object.fromEntries(some) }));
  await make(wishes, before, () => later(before, changes), changes);
}

// What was shown before the server has done it is taken back where it does not do it. `later` keeps all until there is a connection.
async function make(wishes: readonly SetArguments[], before: readonly EmailRow[], later: () => Promise<void>, changes: Changes = new Map()): Promise<void> {
  if (offline.peek()) return later();
  if (before.some((row) => pending.peek().has(row.id))) return behind(later);
  const refused = new Map<Id, string>();
  try {
    await whileTold(changes, async () => {
      for (const wish of wishes) for (const [id, why] of reasons(await jmap.call("Email/set", wish))) refused.set(id, why);
      await looked(); // what was asked for before
    });
  } catch (error) {
    if (isAway(error) && stays()) return later();
    takeBack(before, changes); // the connection was lost on the way: what is shown is what is known
    throw error;
  }
  takeBack(before.filter((row) => refused.has(row.id)), changes);
  await catchUp();
  const [why] = refused.values();
  if (why !== undefined) throw new Error(t("error.change", { count: refused.size, why }));
}

// An email that still waits for an older change gets both in their order; while a window makes what waits, nothing is added to it.
async function behind(later: () => Promise<void>): Promise<void> {
  const { locks } = navigator;
  await (locks ? locks.request(REPLAYING, later) : later());
  const { replayAll } = await import("../features/offline/replay");
  await replayAll().catch((error: unknown) => {
    if (!isAway(error)) throw error;
  });
}

// What is taken back of what waits comes into the list again.
async function later(before: readonly EmailRow[], changes: Changes): Promise<void> {
  await wait(before, changes);
  const box = source.peek()?.mailboxId;
  if (box && [...changes.values()].some((one) => one.mailboxIds?.[box])) fetchAnew();
  else touchList();
}

function isAway(error: unknown): boolean {
  return error instanceof RequestFailed && error.status === 0;
}

// Only what was changed here: something else may have been changed since, and done.
function takeBack(before: readonly EmailRow[], changes: Changes): void {
  if (!before.length) return;
  for (const row of before) changeRow(row.id, (now) => changed(now, reverse(row, changes.get(row.id) ?? {})));
  fetchAnew();
}

/** Deletes for good. */
export async function destroy(emails: readonly EmailRow[]): Promise<void> {
  if (offline.peek() && !stays()) throw new Error(t("offline.refused"));
  const ids = emails.map((row) => row.id);
  listed.peek().window.without(ids);
  touchList();
  const wishes = pieces(ids, AT_ONCE).map((some) => ({ destroy: some }));
  await make(wishes, emails, () => waitToBeDestroyed(emails));
}

// What is not in the mailbox of the list any more leaves it before the server has answered.
function leaveList(changes: Changes): void {
  const box = source.peek()?.mailboxId;
  if (!box) return;
  const { window } = listed.peek();
  window.without([...changes.keys()].filter((id) => changes.get(id)?.mailboxIds?.[box] === false));
  touchList();
}

// Why not, by email; what is no more cannot be changed, and need not be.
function reasons(answer: SetAnswer): [Id, string][] {
  return Object.entries({ ...answer.notUpdated, ...answer.notDestroyed })
    .filter(([, error]) => error.type !== "notFound")
    .map(([id, error]) => [id, error.description ?? error.type]);
}
