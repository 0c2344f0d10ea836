// The commands of reading, with Gmail's keys.
import type { Command } from "../../commands/command";
import type { Id } from "../../jmap/records";
import { archive, notSpam, remove, setSeen, setStar, spam } from "../../mail/actions";
import { step } from "../../mail/advance";
import { conversation, peekRow } from "../../state/emails";
import { listShown, listed, source } from "../../state/list";
import { roleId } from "../../state/mailboxes";
import { go } from "../../state/route";
import { cursor, everything, mark, markAllKnown, markThose, marked, targets, unmarkAll } from "../../state/selection";
import { openThread } from "../../state/thread";
import { undoLast, undoable } from "../../state/undo";
import { moving } from "./moving";

const some = (): boolean => targets().length > 0;
const onList = (): boolean => listShown.value;
const isIn = (role: "junk" | "trash" | "archive"): boolean => source.value?.mailboxId !== undefined && source.value.mailboxId === roleId(role);
const emails = (ids: readonly Id[]) => ids.flatMap((id) => conversation(id));
const anyUnread = (): boolean => emails(targets()).some((row) => !("$seen" in row.keywords));
const anyStar = (): boolean => emails(targets()).some((row) => "$flagged" in row.keywords);

const isUnread = (id: Id): boolean => conversation(id).some((row) => !("$seen" in row.keywords));
const isStarred = (id: Id): boolean => conversation(id).some((row) => "$flagged" in row.keywords);

// One message of the open conversation after the other gets the focus; Enter opens and folds it.
function stepMessage(by: number): void {
  const heads = [...document.querySelectorAll<HTMLElement>(".thread .sender")];
  const at = heads.findIndex((one) => one.closest(".message")?.contains(document.activeElement) ?? false);
  const next = heads[at < 0 ? (by > 0 ? 0 : heads.length - 1) : at + by];
  next?.focus();
  next?.closest(".message")?.scrollIntoView({ block: "nearest" });
}

function open(): void {
  const id = listed.peek().window.at(cursor.peek());
  const row = id === undefined ? undefined : peekRow(id);
  if (row) go(`${source.peek()?.path ?? ""}/${row.threadId}`);
}

function back(): void {
  if (marked.peek().size) unmarkAll();
  else if (openThread.peek()) go(source.peek()?.path ?? "/");
}

function markAtCursor(): void {
  const id = openThread.peek() ? targets()[0] : listed.peek().window.at(cursor.peek());
  if (id !== undefined) mark(id);
}

export const COMMANDS: readonly Command[] = [
  { id: "mail.archive", keys: ["e"], icon: "archive", when: () => some() && !isIn("archive"), run: () => archive(targets()) },
  { id: "mail.spam", keys: ["!"], icon: "spam", when: () => some() && !isIn("junk"), run: () => spam(targets()) },
  { id: "mail.not-spam", keys: ["!"], icon: "inbox", when: () => some() && isIn("junk"), run: () => notSpam(targets()) },
  { id: "mail.delete", keys: ["#", "Delete"], icon: "trash", when: some, run: () => remove(targets()) },
  { id: "mail.read", keys: ["I"], icon: "read", when: () => some() && (everything.value > 0 || anyUnread()), run: () => setSeen(targets(), true) },
  { id: "mail.unread", keys: ["U"], icon: "unread", when: () => some() && (everything.value > 0 || !anyUnread()), run: unread },
  { id: "mail.star", keys: ["s"], icon: "star", when: () => some() && (everything.value > 0 || !anyStar()), run: () => setStar(targets(), true) },
  { id: "mail.unstar", keys: ["s"], icon: "starred", when: () => some() && (everything.value > 0 || anyStar()), run: () => setStar(targets(), false) },
  { id: "mail.move", keys: ["v"], icon: "move", when: some, run: () => void (moving.value = targets()) },
  { id: "list.next", keys: ["j"], when: onList, run: () => step(1) },
  { id: "list.previous", keys: ["k"], when: onList, run: () => step(-1) },
  { id: "message.next", keys: ["n"], when: () => onList() && openThread.value !== null, run: () => stepMessage(1) },
  { id: "message.previous", keys: ["p"], when: () => onList() && openThread.value !== null, run: () => stepMessage(-1) },
  { id: "list.open", keys: ["o", "Enter"], when: () => onList() && cursor.value >= 0, run: open },
  { id: "list.back", keys: ["u", "Escape"], when: () => openThread.value !== null || marked.value.size > 0, run: back },
  { id: "list.mark", keys: ["x"], when: onList, run: markAtCursor },
  { id: "list.mark-all", keys: ["* a"], when: onList, run: markAllKnown },
  { id: "list.mark-read", keys: ["* r"], when: onList, run: () => markThose((id) => !isUnread(id)) },
  { id: "list.mark-unread", keys: ["* u"], when: onList, run: () => markThose(isUnread) },
  { id: "list.mark-starred", keys: ["* s"], when: onList, run: () => markThose(isStarred) },
  { id: "list.mark-unstarred", keys: ["* t"], when: onList, run: () => markThose((id) => !isStarred(id)) },
  { id: "list.unmark", keys: ["* n"], when: () => marked.value.size > 0, run: unmarkAll },
  { id: "go.inbox", keys: ["g i"], run: () => go("/folder/inbox") },
  { id: "go.starred", keys: ["g s"], run: () => go("/starred") },
  { id: "go.sent", keys: ["g t"], run: () => go("/folder/sent") },
  { id: "go.drafts", keys: ["g d"], run: () => go("/folder/drafts") },
  { id: "go.archive", keys: ["g a"], when: () => roleId("archive") !== undefined, run: () => go("/folder/archive") },
  { id: "go.trash", keys: ["g #"], when: () => roleId("trash") !== undefined, run: () => go("/folder/trash") },
  { id: "undo.last", keys: ["z"], when: () => undoable.value.length > 0, run: () => undoLast() },
];

// What was made unread is closed: else it would be read again at once.
function unread(): Promise<void> {
  const ids = targets();
  if (openThread.peek()) go(source.peek()?.path ?? "/");
  return setSeen(ids, false);
}
