// A mailbox of the tree, with those below it. Conversations can be dropped on it.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { number, t } from "../i18n/words";
import type { Mailbox } from "../jmap/records";
import { moveBelow } from "../features/folders/changing";
import { moveTo } from "../mail/actions";
import type { TreeNode } from "../mail/mailbox_tree";
import { source } from "../state/list";
import { folderKey, mailboxName } from "../state/mailboxes";
import { place } from "../state/route";
import { dragged, draggedBox, fitsBelow } from "./dragging";
import { problem } from "../state/toasts";
import { Icon } from "./Icon";
import { mailboxIcon } from "./mailbox_icon";
import { Slot } from "./Slot";

const folded = signal<ReadonlySet<string>>(new Set(JSON.parse(localStorage.getItem("postroom.folded") ?? "[]") as string[]));

function fold(id: string): void {
  const next = new Set(folded.peek());
  if (!next.delete(id)) next.add(id);
  folded.value = next;
  localStorage.setItem("postroom.folded", JSON.stringify([...next]));
}

// Where mail waits for its reader the unread count; where it waits for its writer all of it.
function countOf(mailbox: Mailbox): number {
  if (mailbox.role === "drafts" || mailbox.role === "scheduled") return mailbox.totalEmails;
  return mailbox.role === "sent" || mailbox.role === "trash" ? 0 : mailbox.unreadThreads;
}

export function MailboxItem({ node }: { node: TreeNode }) {
  const { mailbox, children, depth } = node;
  const [over, setOver] = useState(false);
  const closed = folded.value.has(mailbox.id);
  const name = mailboxName(mailbox);
  const count = countOf(mailbox);
  const here = source.value?.mailboxId === mailbox.id && place.value.path.startsWith("/folder/"); // a page may be in its place
  const allow = (event: DragEvent) => {
    const box = draggedBox.peek();
    if (box ? !fitsBelow(box, mailbox) : !dragged.peek() || here || !mailbox.myRights.mayAddItems) return;
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const box = draggedBox.peek();
    const ids = dragged.peek();
    if (box) void moveBelow(box, mailbox.id).catch(problem);
    else if (ids) void moveTo(ids, mailbox.id);
  };
  return (
    <li>
      <a
        class={`box${over ? " over" : ""}${count && mailbox.role !== "drafts" ? " unread" : ""}`}
        href={`/mail/folder/${encodeURIComponent(folderKey(mailbox))}`}
        aria-current={here ? "page" : undefined}
        style={{ "--depth": depth }}
        draggable={!mailbox.role}
        onDragStart={() => (draggedBox.value = mailbox)}
        onDragEnd={() => (draggedBox.value = null)}
        onDragOver={allow}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Icon name={mailboxIcon(mailbox)} />
        <span class="name" title={name} dir="auto">
          {name}
        </span>
        {count > 0 && (
          <span class="count" aria-label={t(mailbox.role === "drafts" ? "mailbox.total" : "mailbox.unread", { count })}>
            {number(count)}
          </span>
        )}
      </a>
      <div class="box-actions">
        <Slot name="mailbox.actions" mailbox={mailbox} />
      </div>
      {children.length > 0 && (
        <>
          <button type="button" class={`fold${closed ? " closed" : ""}`} aria-expanded={!closed} aria-label={t("mailbox.fold", { name })} onClick={() => fold(mailbox.id)}>
            <Icon name="down" />
          </button>
          {!closed && (
            <ul>
              {children.map((child) => (
                <MailboxItem key={child.mailbox.id} node={child} />
              ))}
            </ul>
          )}
        </>
      )}
    </li>
  );
}
