// The commands of reading, with Gmail's keys.
import type { Command } from "../../commands/command";
import type { Id } from "../../jmap/records";
import { archive, notSpam, remove, setSeen, setStar, spam } from "../../mail/actions";
import { step } from "../../mail/advance";
import { conversation, peekRow } from "../../state/emails";
import { listed, source } from "../../state/list";
import { byRole } from "../../state/mailboxes";
import { go } from "../../state/route";
import { cursor, mark, markAllKnown, marked, targets, unmarkAll } from "../../state/selection";
import { openThread } from "../../state/thread";
import { undoLast, undoable } from "../../state/undo";
import { moving } from "./moving";

const some = (): boolean => targets().length > 0;
const isIn = (role: "junk" | "trash" | "archive"): boolean => source.value?.mailboxId !== undefined && source.value.mailboxId === byRole(role)?.id;
const emails = (ids: readonly Id[]) => ids.flatMap((id) => conversation(id));
export const anyUnread = (): boolean => emails(targets()).some((row) => !("$seen" in row.keywords));
export const anyStar = (): boolean => emails(targets()).some((row) => "$flagged" in row.keywords);

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
  { id: "mail.read", keys: ["I"], icon: "read", when: () => some() && anyUnread(), run: () => setSeen(targets(), true) },
  { id: "mail.unread", keys: ["U"], icon: "unread", when: () => some() && !anyUnread(), run: unread },
  { id: "mail.star", keys: ["s"], icon: "star", when: () => some() && !anyStar(), run: () => setStar(targets(), true) },
  { id: "mail.unstar", keys: ["s"], icon: "starred", when: () => some() && anyStar(), run: () => setStar(targets(), false) },
  { id: "mail.move", keys: ["v"], icon: "move", when: some, run: () => void (moving.value = targets()) },
  { id: "list.next", keys: ["j"], run: () => step(1) },
  { id: "list.previous", keys: ["k"], run: () => step(-1) },
  { id: "list.open", keys: ["o", "Enter"], when: () => cursor.value >= 0, run: open },
  { id: "list.back", keys: ["u", "Escape"], when: () => openThread.value !== null || marked.value.size > 0, run: back },
  { id: "list.mark", keys: ["x"], run: markAtCursor },
  { id: "list.mark-all", keys: ["* a"], run: markAllKnown },
  { id: "list.unmark", keys: ["* n"], when: () => marked.value.size > 0, run: unmarkAll },
  { id: "go.inbox", keys: ["g i"], run: () => go("/folder/inbox") },
  { id: "go.starred", keys: ["g s"], run: () => go("/starred") },
  { id: "go.sent", keys: ["g t"], run: () => go("/folder/sent") },
  { id: "go.drafts", keys: ["g d"], run: () => go("/folder/drafts") },
  { id: "undo.last", keys: ["z"], when: () => undoable.value.length > 0, run: () => undoLast() },
];

// What was made unread is closed: else it would be read again at once.
function unread(): Promise<void> {
  const ids = targets();
  if (openThread.peek()) go(source.peek()?.path ?? "/");
  return setSeen(ids, false);
}
