// What is being dragged: conversations, by the emails that stand for them, or a mailbox; null when nothing is.
import { signal } from "@preact/signals";
import type { Id, Mailbox } from "../jmap/records";
import { mailboxes } from "../state/mailboxes";
import { marked } from "../state/selection";

export const dragged = signal<readonly Id[] | null>(null);
export const draggedBox = signal<Mailbox | null>(null);

/** Whether a mailbox may be put below another: not below itself. */
export function fitsBelow(mailbox: Mailbox, parent: Mailbox): boolean {
  if (mailbox.parentId === parent.id || !parent.myRights.mayCreateChild) return false;
  for (let at: Mailbox | undefined = parent; at; at = at.parentId === null ? undefined : mailboxes.peek().get(at.parentId)) {
    if (at.id === mailbox.id) return false;
  }
  return true;
}

/** What goes along when a row is dragged: all that is marked, when it is. */
export function drag(id: Id): readonly Id[] {
  dragged.value = marked.peek().has(id) ? [...marked.peek()] : [id];
  return dragged.value;
}
