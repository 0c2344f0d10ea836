// Opening windows: for what one wants to write, and for what was being written when the page was left.
import { batch, signal } from "@preact/signals";
import { t } from "../../i18n/words";
import { RequestFailed, jmap } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import { offerFocus } from "../../keys/focus";
import { typing } from "../../keys/keyboard";
import { needRole, roleId } from "../../state/mailboxes";
import { done } from "../../state/undo";
import { again, answer, blank, forward, forwardAttached } from "./beginnings";
import { type Draft, newKey } from "./draft";
import { loadIdentities, newMessageId } from "./identities";
import { type Kept, keep, keptWindows, opened } from "./kept";
import { type Asked, parseMailto } from "./mailto";
import { MOST_QUOTED, type Original, fetchOriginal } from "./original";
import type { Kind } from "./recipients";
import { quotableDraft } from "./rich";
import { commit, isBlank, save } from "./saving";
import { type Compose, type Mode, windows } from "./windows";

let turns = 0;

interface Before {
  emailId?: Id | null;
  version?: number;
  mode?: Mode;
  key?: string;
  /** It may have left; so many changes ago. */
  since?: number | null;
}

export function openDraftWindow(draft: Draft, before: Before = {}): Compose {
  const key = before.key ?? newKey();
  const messageId = draft.messageId || newMessageId(draft);
  const version = before.version ?? 0;
  const unsure = before.since == null ? null : version - before.since;
  let show = () => {};
  const shown = new Promise<void>((resolve) => (show = resolve));
  const arrived = (take: () => void) => {
    if (!typing(document.activeElement)) take();
    show();
  };
  const one: Compose = {
    key, draft: signal({ ...draft, messageId }), mode: signal<Mode>(before.mode ?? "open"), status: signal(""), wrong: signal({}), question: signal(null),
    expanded: signal(draft.cc.length + draft.bcc.length > 0), emailId: before.emailId ?? null, version, savedVersion: 0, unsure, collectors: new Set(), committers: new Set(), uploads: new Set(), insertPicture: null,
    opener: document.activeElement, arrived, shown, saving: Promise.resolve(), over: false, before: null, saved: "", turn: ++turns,
  };
  windows.value = [...windows.peek(), one];
  opened(key);
  keep();
  return one;
}

export async function openNew(rest: Partial<Draft> = {}): Promise<void> {
  const identities = await loadIdentities();
  await openDraftWindow(blank(identities[0], rest)).shown;
}

export async function openAnswer(kind: Kind, id: Id): Promise<void> {
  const [mail, identities] = await Promise.all([fetchOriginal(id, MOST_QUOTED), loadIdentities()]);
  await openDraftWindow(answer(kind, mail, identities)).shown;
}

export async function openForward(id: Id, attached = false): Promise<void> {
  const [mail, identities] = await Promise.all([fetchOriginal(id), loadIdentities()]);
  await openDraftWindow((attached ? forwardAttached : forward)(mail, identities)).shown;
}

export async function openAsNew(id: Id): Promise<void> {
  const [mail, identities] = await Promise.all([fetchOriginal(id), loadIdentities()]);
  await openDraftWindow(again(mail, identities)).shown;
}

/** A draft is written further; one that is open already comes to the front. */
export async function openDraft(id: Id, original: Draft["original"] = null, before: Before = {}): Promise<void> {
  if (bringForward(id)) return;
  const [asked, identities] = await Promise.all([fetchOriginal(id), loadIdentities()]);
  const around = await siblings(asked.threadId);
  const newest = await newestCopy(asked, around);
  const mail = newest === id ? asked : await fetchOriginal(newest);
  if (bringForward(newest)) return;
  const draft = again(mail, identities, quotableDraft);
  const answered = around.find((one) => one.messageId?.some((each) => mail.inReplyTo?.includes(each)));
  const found = original ?? (answered ? { id: answered.id, keyword: "$answered" as const } : null);
  const threaded = { messageId: mail.messageId?.[0] ?? "", inReplyTo: mail.inReplyTo ?? [], references: mail.references ?? [] };
  openDraftWindow({ ...draft, ...threaded, original: found }, { ...before, emailId: newest });
}

type Sibling = Pick<Original, "id" | "messageId" | "keywords" | "receivedAt" | "mailboxIds">;

async function siblings(threadId: Id): Promise<Sibling[]> {
  const thread = jmap.call("Thread/get", { ids: [threadId] });
  const emails = jmap.call("Email/get", { "#ids": thread.at("/list/*/emailIds"), properties: ["id", "messageId", "keywords", "receivedAt", "mailboxIds"] });
  return (await emails).list;
}

// Where the end of a page has cut off a saving, the copy before is still there: it goes. So does what was written to the same draft in another window:
// it can be found in the trash.
async function newestCopy(mail: Original, around: readonly Sibling[]): Promise<Id> {
  const name = mail.messageId?.[0];
  const drafts = roleId("drafts");
  if (!drafts || !(drafts in mail.mailboxIds)) return mail.id;
  const copies = around.filter((one) => drafts in one.mailboxIds && "$draft" in one.keywords && name !== undefined && one.messageId?.[0] === name);
  copies.sort((a, b) => b.receivedAt.localeCompare(a.receivedAt) || (a.id === mail.id ? -1 : 1));
  const [newest, ...older] = copies;
  if (!newest) return mail.id;
  await putAway(older.map((one) => one.id));
  return newest.id;
}

async function putAway(ids: readonly Id[]): Promise<void> {
  const trash = roleId("trash");
  if (ids.length && trash) await jmap.call("Email/set", { update: Object.fromEntries(ids.map((id) => [id, { mailboxIds: { [trash]: true } }])) });
}

function bringForward(id: Id): boolean {
  const open = windows.peek().find((one) => one.emailId === id);
  if (open) toFront(open);
  return open !== undefined;
}

export async function openMailto(url: string): Promise<void> {
  const asked: Asked | null = parseMailto(url);
  if (!asked) return openNew();
  const { text, ...rest } = asked;
  await openNew({ ...rest, ...(text ? { text } : {}) });
}

export function toFront(one: Compose): void {
  batch(() => {
    one.turn = ++turns;
    windows.value = [...windows.peek()];
    if (one.mode.peek() === "small") one.mode.value = "open";
  });
  keep();
}

/** Saves it and puts it away; not while it is being sent, since it may be refused yet. */
export async function close(one: Compose): Promise<void> {
  const leaving = () => one.status.peek() === "sending";
  if (leaving()) return;
  commit(one);
  if (!isBlank(one)) await save(one);
  if (one.uploads.size && !(await broughtFiles(one))) return;
  if (!leaving() && !one.over) remove(one);
}

// Files that are still on their way are saved with it: it waits for them, folded. Whether it can go then.
async function broughtFiles(one: Compose): Promise<boolean> {
  one.mode.value = "small";
  keep();
  await Promise.all(one.uploads);
  if (one.over || one.mode.peek() !== "small") return false; // somebody writes on
  if (one.draft.peek().files.some((file) => file.failed)) {
    toFront(one);
    return false;
  }
  await save(one);
  return true;
}

export function remove(one: Compose): void {
  one.over = true;
  windows.value = windows.peek().filter((each) => each !== one);
  keep();
  const { opener } = one;
  if (opener?.isConnected) setTimeout(() => offerFocus(opener, { preventScroll: true }));
}

/** Throws it away; it can be taken back. */
export async function discard(one: Compose): Promise<void> {
  commit(one);
  const worth = !isBlank(one) || one.emailId !== null;
  remove(one);
  await one.saving.catch(() => {});
  const trash = roleId("trash");
  const drafts = roleId("drafts");
  if (one.emailId !== null) {
    const change = trash && drafts ? { update: { [one.emailId]: { mailboxIds: { [trash]: true } } } } : { destroy: [one.emailId] };
    await jmap.call("Email/set", change);
  }
  if (!worth) return;
  done(t("compose.discarded"), async () => {
    if (one.emailId !== null && drafts) await jmap.call("Email/set", { update: { [one.emailId]: { mailboxIds: { [drafts]: true } } } });
    bringBack(one);
  });
}

// The same window, with the files that were on their way to it. It may be gone from the server meanwhile: it is saved anew.
function bringBack(one: Compose): void {
  one.over = false;
  one.version++;
  one.saved = "";
  one.question.value = null;
  windows.value = [...windows.peek(), one];
  toFront(one);
}

/** What was open when the page was left. */
export async function restore(): Promise<void> {
  for (const one of keptWindows()) {
    const later = await openAgain(one).then(() => false, (error: unknown) => error instanceof RequestFailed);
    if (!later) opened(one.key); // it is open, or no more
  }
  keep();
}

async function openAgain({ key, mode, emailId, original, draft, since }: Kept): Promise<void> {
  if (!draft) return emailId === null ? undefined : openDraft(emailId, original, { key, mode, since });
  await loadIdentities().catch(() => {});
  openDraftWindow(draft, { key, mode, since, version: 1, emailId: (await savedAs(draft.messageId).catch(() => null)) ?? emailId });
}

// A draft whose saving was cut off by the end of the page may be there all the same, or twice: then the newest is the one.
async function savedAs(messageId: string): Promise<Id | null> {
  const drafts = await needRole("drafts");
  const filter = { operator: "AND" as const, conditions: [{ inMailbox: drafts }, { header: ["Message-ID", messageId] }] };
  const { ids } = await jmap.call("Email/query", { filter, sort: [{ property: "receivedAt", isAscending: false }], limit: 10 });
  await putAway(ids.slice(1));
  return ids[0] ?? null;
}
