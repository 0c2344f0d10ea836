// What can be done with conversations: read, starred, archived, moved, deleted. Each takes the emails that stand for them in the list.
import { t } from "../i18n/words";
import type { EmailRow, Id } from "../jmap/records";
import { type Change, change, destroy } from "../state/changing";
import { peekRow } from "../state/emails";
import { source } from "../state/list";
import { changeAll } from "../state/bulk";
import { mailboxes, mailboxName, needRole, roleId } from "../state/mailboxes";
import { everything } from "../state/selection";
import { problem } from "../state/toasts";
import { advance } from "./advance";
import { rowsOf, whole } from "./conversations";

// Moving is about what lies in the mailbox that is shown; the rest of a conversation (what was sent) stays where it is.
function here(emails: readonly EmailRow[], box: Id | undefined): readonly EmailRow[] {
  if (box) return emails.filter((row) => box in row.mailboxIds);
  const apart = new Set(["sent", "drafts", "trash", "junk"].map((role) => roleId(role as "sent")));
  const others = emails.filter((row) => !Object.keys(row.mailboxIds).every((id) => apart.has(id)));
  return others.length ? others : emails; // who has looked for what he sent means that
}

/** The emails of the conversations that moving is about. */
export async function emailsHere(ids: readonly Id[]): Promise<readonly EmailRow[]> {
  const box = source.peek()?.mailboxId; // before anything is fetched: another list may be open then
  return here(await whole(ids), box);
}

function quietly(work: Promise<void>): Promise<void> {
  return work.catch(problem);
}

export function setSeen(ids: readonly Id[], seen: boolean, say = true): Promise<void> {
  if (everything.peek()) return quietly(changeAll(seen ? "read" : "unread", { keywords: { $seen: seen } }));
  const label = say ? t(seen ? "done.read" : "done.unread", { count: ids.length }) : "";
  const work = async () => {
    const emails = await whole(ids);
    const wanted = seen ? emails : emails.slice(-1);
    await change(wanted.filter((row) => "$seen" in row.keywords !== seen), () => ({ keywords: { $seen: seen } }), label);
  };
  return quietly(work());
}

export function setEmailSeen(id: Id): Promise<void> {
  const row = peekRow(id);
  return !row || "$seen" in row.keywords ? Promise.resolve() : quietly(change([row], () => ({ keywords: { $seen: true } }), ""));
}

/** Stars the newest email of each, or takes all stars away. */
export function setStar(ids: readonly Id[], on: boolean): Promise<void> {
  if (everything.peek()) return quietly(changeAll(on ? "star" : "unstar", { keywords: { $flagged: on } }));
  const work = async () => {
    const emails = on ? await rowsOf(ids) : (await whole(ids)).filter((row) => "$flagged" in row.keywords);
    await change(emails, () => ({ keywords: { $flagged: on } }), "");
  };
  return quietly(work());
}

export function setEmailStar(id: Id, on: boolean): Promise<void> {
  const row = peekRow(id);
  return row ? quietly(change([row], () => ({ keywords: { $flagged: on } }), "")) : Promise.resolve();
}

/** Puts keywords (labels) on all emails of the conversations, or takes them away. */
export function setKeywords(ids: readonly Id[], keywords: Record<string, boolean>, label: string): Promise<void> {
  if (everything.peek()) return quietly(changeAll("label", { keywords }));
  const wrong = (row: EmailRow) => Object.entries(keywords).some(([word, on]) => word in row.keywords !== on);
  return quietly(whole(ids).then((emails) => change(emails.filter(wrong), () => ({ keywords }), label)));
}

/** Moves them out of the mailbox that is shown, or out of all others. */
export function moveTo(ids: readonly Id[], target: Id, label = "", keywords: Change["keywords"] = {}): Promise<void> {
  if (everything.peek()) return quietly(changeAll("move", { moveTo: target, keywords }));
  const from = source.peek()?.mailboxId;
  const work = async () => {
    const emails = (await emailsHere(ids)).filter((row) => !(target in row.mailboxIds) || Object.keys(row.mailboxIds).length > 1);
    if (!emails.length) return;
    const box = mailboxes.peek().get(target);
    const words = label || t("done.moved", { count: ids.length, where: box ? mailboxName(box) : "" });
    advance(ids);
    await change(emails, (row) => ({ keywords, mailboxIds: { ...leaving(row, from), [target]: true } }), words);
  };
  return quietly(work());
}

function leaving(row: EmailRow, box: Id | undefined): Record<Id, boolean> {
  const from = box && box in row.mailboxIds ? [box] : Object.keys(row.mailboxIds);
  return Object.fromEntries(from.map((id) => [id, false]));
}

export async function archive(ids: readonly Id[]): Promise<void> {
  await quietly(needRole("archive").then((box) => moveTo(ids, box, t("done.archived", { count: ids.length }))));
}

export async function spam(ids: readonly Id[]): Promise<void> {
  const label = t("done.spam", { count: ids.length });
  await quietly(needRole("junk").then((box) => moveTo(ids, box, label, { $junk: true, $notjunk: false })));
}

export async function notSpam(ids: readonly Id[]): Promise<void> {
  const label = t("done.not-spam", { count: ids.length });
  await quietly(needRole("inbox").then((box) => moveTo(ids, box, label, { $junk: false, $notjunk: true })));
}

/** Into the trash; out of the trash for good, when it is confirmed. */
export async function remove(ids: readonly Id[]): Promise<void> {
  const trash = await needRole("trash");
  if (everything.peek() && source.peek()?.mailboxId === trash) {
    if (confirm(t("bulk.ask-destroy", { count: everything.peek() }))) await quietly(changeAll("destroy", { destroy: true }));
    return;
  }
  if (source.peek()?.mailboxId !== trash) return moveTo(ids, trash, t("done.deleted", { count: ids.length }));
  if (!confirm(t("ask.destroy", { count: ids.length }))) return;
  const work = async () => {
    const emails = await emailsHere(ids);
    advance(ids);
    await destroy(emails);
  };
  return quietly(work());
}
