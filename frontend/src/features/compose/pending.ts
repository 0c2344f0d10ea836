// What was sent and has not left yet: called back within its seconds, or before its time. RFC 8621 §7 (undoStatus), RFC 4865.
import { longDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { EmailRow, Id } from "../../jmap/records";
import { needRole } from "../../state/mailboxes";
import { catchUp } from "../../state/sync";
import { problem, toast } from "../../state/toasts";
import { undoable } from "../../state/undo";
import { type Refusal, type Submission, ask } from "./calling";
import { keepHeld, keptHeld } from "./kept";
import { keepMark } from "./marks";
import { type Held, held, scheduledCount } from "./windows";

const SAFETY_MS = 700; // the way to the server takes its time
const SOON_MS = 60_000; // what leaves within it is on its way, not scheduled
const MOST = 200;

export interface Scheduled {
  submission: Submission;
  email: EmailRow | undefined;
}

const waysBack = new Map<Id, (typeof undoable.value)[number]>(); // by submission
const calling = new Set<Id>(); // being called back

/** Something was sent that can be called back for some seconds: by its message, and by `z`. */
export function hold(one: Held): void {
  if (one.until - SAFETY_MS <= Date.now()) return void toast(t("compose.sent"));
  held.value = [...held.peek().filter((each) => each.submissionId !== one.submissionId), one];
  keepHeld();
  const toastId = -1 - undoable.peek().length; // shown by ourselves
  const entry = { label: t("compose.sent"), undo: () => callBack(one), toastId };
  undoable.value = [...undoable.peek(), entry];
  waysBack.set(one.submissionId, entry);
  setTimeout(() => release(one), one.until - SAFETY_MS - Date.now());
}

export function release(one: Held): void {
  const entry = waysBack.get(one.submissionId);
  waysBack.delete(one.submissionId);
  undoable.value = undoable.peek().filter((each) => each !== entry);
  held.value = held.peek().filter((each) => each.submissionId !== one.submissionId);
  keepHeld();
}

/** After a reload. */
export function restoreHeld(): void {
  const known = new Set(held.peek().map((one) => one.submissionId));
  for (const one of keptHeld()) if (!known.has(one.submissionId)) hold(one);
}

/** Back to the drafts, and open. */
export async function callBack(one: Held): Promise<void> {
  if (calling.has(one.submissionId)) return;
  calling.add(one.submissionId);
  await cancel(one.submissionId, one.redirected).finally(() => calling.delete(one.submissionId));
  release(one); // not before: what could not be called back can be tried again
  if (one.original && !one.marked) await jmap.call("Email/set", { update: { [one.original.id]: { [`keywords/${one.original.keyword}`]: null } } });
  if (one.redirected) return void (await catchUp());
  const { openDraft } = await import("./open");
  await Promise.all([catchUp(), openDraft(one.emailId, one.original)]);
}

interface Canceled {
  notUpdated: Record<Id, Refusal> | null;
}

/** Cancels a submission; its email is a draft again, or stays what it is. Raises an Error with words where it has left already. */
export async function cancel(submissionId: Id, stays = false): Promise<void> {
  const [drafts, sent] = await Promise.all([needRole("drafts"), needRole("sent")]);
  const draftAgain = { [`mailboxIds/${drafts}`]: true, [`mailboxIds/${sent}`]: null, "keywords/$draft": true };
  const answer = await ask<Canceled>("EmailSubmission/set", {
    update: { [submissionId]: { undoStatus: "canceled" } },
    ...(stays ? {} : { onSuccessUpdateEmail: { [submissionId]: draftAgain } }),
  });
  const refusal = answer.notUpdated?.[submissionId];
  if (refusal) throw new Error(refusal.type === "cannotUnsend" ? t("compose.too-late") : (refusal.description ?? refusal.type));
}

/** All that waits for its time, the next one first. */
export async function scheduled(): Promise<Scheduled[]> {
  const query = ask<{ ids: Id[] }>("EmailSubmission/query", { filter: { undoStatus: "pending" }, sort: [{ property: "sentAt", isAscending: true }], limit: MOST });
  const submissions = ask<{ list: Submission[] }>("EmailSubmission/get", { "#ids": query.at("/ids"), properties: ["id", "emailId", "sendAt", "undoStatus", "envelope"] });
  const list = (await submissions).list.filter((one) => Date.parse(one.sendAt) > Date.now() + SOON_MS);
  scheduledCount.value = list.length;
  planNext(list);
  if (!list.length) return [];
  const emails = await jmap.call("Email/get", { ids: list.map((one) => one.emailId), properties: ["id", "subject", "to", "preview"] });
  const byId = new Map(emails.list.map((one) => [one.id, one]));
  return list
    .map((submission) => ({ submission, email: byId.get(submission.emailId) }))
    .sort((a, b) => Date.parse(a.submission.sendAt) - Date.parse(b.submission.sendAt));
}

async function remember({ submissionId, original, marked }: Held, waiting: readonly Scheduled[]): Promise<void> {
  if (original && !marked) await keepMark(submissionId, original, waiting.map((one) => one.submission.id));
}

let next = 0;

// The count is right again when the next one has left.
function planNext(list: readonly Submission[]): void {
  window.clearTimeout(next);
  const first = Math.min(...list.map((one) => Date.parse(one.sendAt)));
  if (Number.isFinite(first)) next = window.setTimeout(() => void scheduled().catch(() => {}), Math.min(first - Date.now() + 1000 - SOON_MS, 2 ** 31 - 1));
}

/** Something waits for its time: it can be called back from there, and by its message. */
export function toldScheduled(one: Held): void {
  scheduledCount.value = scheduledCount.peek() + 1;
  void scheduled().then((list) => remember(one, list)).catch(() => {});
  const undo = () => void callBack(one).then(scheduled).catch(problem);
  toast(t("compose.scheduled-for", { date: longDate(new Date(one.until).toISOString()) }), { action: { label: t("undo.undo"), run: undo } });
}
