// A line of the tree of mailboxes. Conversations can be dropped on it.
import { useComputed } from "@preact/signals";
import type { Ref } from "preact";
import { useState } from "preact/hooks";
import { number, t } from "../i18n/words";
import type { Mailbox } from "../jmap/records";
import { moveBelow } from "../features/folders/changing";
import { moveTo } from "../mail/actions";
import type { TreeNode } from "../mail/mailbox_tree";
import { source } from "../state/list";
import { folderKey, mailboxName, mailboxes } from "../state/mailboxes";
import { place } from "../state/route";
import { dragged, draggedBox, fitsBelow } from "./dragging";
import { problem } from "../state/toasts";
import { fold, folded } from "./folding";
import { Icon } from "./Icon";
import { mailboxIcon } from "./mailbox_icon";
import { Slot } from "./Slot";

// Where mail waits for its reader the unread count; where it waits for its writer all of it.
function countOf(mailbox: Mailbox): number {
  if (mailbox.role === "drafts" || mailbox.role === "scheduled") return mailbox.totalEmails;
  return mailbox.role === "sent" || mailbox.role === "trash" ? 0 : mailbox.unreadThreads;
}

interface Props {
  node: TreeNode;
  /** The line itself, for who wants to know where it is. */
  line: Ref<HTMLLIElement> | null;
  /** Pixels that are left free above and below it, in place of lines that are not drawn. */
  above: number;
  below: number;
}

export function MailboxItem({ node, line, above, below }: Props) {
  const { children, depth } = node;
  const mailbox = useComputed(() => mailboxes.value.get(node.mailbox.id)).value ?? node.mailbox; // so that its counts draw it, and nothing else
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
    <li ref={line} aria-level={depth + 1} style={{ marginBlock: `${above}px ${below}px` }}>
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
        <button type="button" class={`fold${closed ? " closed" : ""}`} aria-expanded={!closed} aria-label={t("mailbox.fold", { name })} onClick={() => fold(mailbox.id)}>
          <Icon name="down" />
        </button>
      )}
    </li>
  );
}
