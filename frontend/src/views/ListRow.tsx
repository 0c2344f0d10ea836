// One conversation of a list.
import { useState } from "preact/hooks";
import { longDate, shortDate } from "../i18n/dates";
import { number, t } from "../i18n/words";
import type { EmailRow, Id } from "../jmap/records";
import { setEmailStar, setStar } from "../mail/actions";
import { correspondents, isDraft, nameOf } from "../mail/people";
import { conversation, emailRow, threadEmails } from "../state/emails";
import { source } from "../state/list";
import { roleId } from "../state/mailboxes";
import { BASE, go } from "../state/route";
import { cursor, mark, markTo, marked } from "../state/selection";
import { isMe } from "../state/session";
import { openThread, prefetch } from "../state/thread";
import { drag, dragged } from "./dragging";
import { Icon } from "./Icon";
import { MarkedText } from "./MarkedText";
import { RowActions } from "./RowActions";
import { Slot } from "./Slot";

interface Props {
  id: Id | undefined;
  position: number;
  total: number;
}

export function ListRow({ id, position, total }: Props) {
  const row = id === undefined ? undefined : emailRow(id);
  if (!row) return <div class="row waiting" role="listitem" aria-setsize={total} aria-posinset={position + 1} aria-busy="true" />;
  return <Known row={row} position={position} total={total} />;
}

// In mailboxes for what one has written, whom it is for is what tells rows apart.
function isOutgoing(): boolean {
  const box = source.value?.mailboxId;
  return box !== undefined && (box === roleId("sent") || box === roleId("drafts"));
}

// Each name by itself: among names of another direction all keep their order. A draft is said at the end, as what is left to do.
function Names({ row, all }: { row: EmailRow; all: readonly EmailRow[] }) {
  if (isOutgoing()) {
    const people = row.to?.length ? t("list.to", { who: row.to.map(nameOf).join(", ") }) : t("list.no-recipient");
    return <span class="names" dir="auto">{people}</span>;
  }
  const drafted = all.some(isDraft);
  const names = correspondents(all, isMe, t("list.me"));
  if (!names.length && !drafted) names.push(t("list.no-sender"));
  if (names.length === 1 && !drafted) return <span class="names" dir="auto">{names[0]}</span>; // cut off at its own end
  return (
    <span class="names">
      {names.map((name, index) => [index > 0 && ", ", <bdi key={index}>{name}</bdi>])}
      {drafted && names.length > 0 && ", "}
      {drafted && <span class="draft">{t("list.draft")}</span>}
    </span>
  );
}

function Known({ row, position, total }: { row: EmailRow; position: number; total: number }) {
  const [near, setNear] = useState(false);
  const flat = source.value?.flat ?? false;
  const all = flat ? [row] : conversation(row.id);
  const unread = all.some((one) => !("$seen" in one.keywords));
  const starred = all.some((one) => "$flagged" in one.keywords);
  const count = flat ? 1 : (threadEmails(row.threadId)?.length ?? 1);
  const on = marked.value.has(row.id);
  const open = openThread.value?.id === row.threadId;
  const excerpt = source.value?.excerpt?.(row.id);
  const subject = row.subject?.trim() || t("mail.no-subject");
  const path = `${source.value?.path ?? ""}/${row.threadId}`;
  const press = (event: MouseEvent) => {
    if ((event.target as Element).closest("button, label")) return;
    if (event.shiftKey) return markTo(position);
    if (event.ctrlKey || event.metaKey) {
      if (!(event.target as Element).closest("a")) mark(row.id); // of the link it opens another tab
      return;
    }
    event.preventDefault();
    cursor.value = position;
    go(path);
  };
  const star = (event: Event) => {
    event.stopPropagation();
    void (flat ? setEmailStar(row.id, !starred) : setStar([row.id], !starred));
  };
  const begin = (event: DragEvent) => {
    event.dataTransfer?.setData("text/plain", subject);
    drag(row.id);
  };
  return (
    <div
      class={`row${unread ? " unread" : ""}${open ? " open" : ""}${on ? " on" : ""}${cursor.value === position ? " cursor" : ""}`}
      role="listitem"
      aria-current={open ? "true" : undefined}
      aria-setsize={total}
      aria-posinset={position + 1}
      draggable
      onPointerEnter={(event) => event.pointerType === "mouse" && setNear(true)}
      onPointerLeave={() => setNear(false)}
      onPointerDown={() => prefetch(row.threadId)}
      onDragStart={begin}
      onDragEnd={() => (dragged.value = null)}
      onClick={press}
    >
      <label class="mark">
        <input type="checkbox" tabIndex={-1} aria-label={t("list.mark")} checked={on} onChange={() => mark(row.id)} />
      </label>
      <span class="who">
        {unread && <span class="unseen">{t("list.unread")}</span>}
        <Names row={row} all={all} />
        {count > 1 && <span class="thread-count">{number(count)}</span>}
      </span>
      <span class="when" title={longDate(row.receivedAt)}>
        {row.hasAttachment && <Icon name="attachment" label={t("list.attachment")} />}
        {shortDate(row.receivedAt)}
      </span>
      <a class="subject" href={BASE + path} tabIndex={-1} data-position={position} draggable={false} dir="auto">
        <Slot name="row.labels" emails={all} />
        <bdi>{excerpt?.subject ? <MarkedText pieces={excerpt.subject} /> : subject}</bdi>
      </a>
      <button type="button" class={`star${starred ? " on" : ""}`} tabIndex={-1} aria-pressed={starred} aria-label={t("command.mail.star")} onClick={star}>
        <Icon name={starred ? "starred" : "star"} />
      </button>
      <span class="preview" dir="auto"><bdi>{excerpt?.preview ? <MarkedText pieces={excerpt.preview} /> : row.preview}</bdi></span>
      {near && <RowActions row={row} unread={unread} />}
    </div>
  );
}
