// One message of a conversation: folded to a line, or open with its head, its text and its attachments.
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { headDate, longDate } from "../i18n/dates";
import { t } from "../i18n/words";
import type { EmailRow, Id } from "../jmap/records";
import { setEmailSeen, setEmailStar } from "../mail/actions";
import { isDraft, nameOf, seen } from "../mail/people";
import { MessageBody } from "../reading/MessageBody";
import { filesIn } from "../reading/files";
import { emailBody, emailRow } from "../state/emails";
import { loadBody } from "../state/thread";
import { problem } from "../state/toasts";
import { AttachmentList } from "./AttachmentList";
import { Avatar } from "./Avatar";
import { Icon } from "./Icon";
import { Recipients } from "./Recipients";
import { Slot } from "./Slot";

interface Props {
  id: Id;
  open: boolean;
  onToggle: () => void;
  holder?: RefObject<HTMLElement | null> | undefined;
}

const NOBODY = { name: null, email: "" };

export function MessageCard({ id, open, onToggle, holder }: Props) {
  const row = emailRow(id);
  useEffect(() => {
    if (open) void setEmailSeen(id);
  }, [open, id]);
  if (!row) return null;
  const from = row.from?.[0] ?? NOBODY;
  const unread = !("$seen" in row.keywords);
  return (
    <article id={`message-${id}`} class={`message${open ? " open" : " folded"}${unread ? " unread" : ""}`} ref={holder ?? null} aria-label={t("message.from", { who: nameOf(from) })}>
      <header class="message-head">
        <Avatar address={from} />
        <button type="button" class="sender" aria-expanded={open} onClick={onToggle}>
          {isDraft(row) ? <strong class="draft">{t("list.draft")}</strong> : <strong dir="auto">{nameOf(from) || t("list.no-sender")}</strong>}
          {open && from.name && !isDraft(row) && <span class="address" dir="auto">{seen(from.email)}</span>}
          {!open && <span class="snippet" dir="auto">{row.preview}</span>}
        </button>
        <Aside row={row} open={open} />
      </header>
      {open && <Inside row={row} />}
    </article>
  );
}

function Aside({ row, open }: { row: EmailRow; open: boolean }) {
  const starred = "$flagged" in row.keywords;
  return (
    <div class="aside">
      {row.hasAttachment && !open && <Icon name="attachment" label={t("list.attachment")} />}
      <time dateTime={row.receivedAt} title={longDate(row.receivedAt)}>
        {headDate(row.receivedAt)}
      </time>
      <button type="button" class={`star${starred ? " on" : ""}`} aria-pressed={starred} aria-label={t("command.mail.star")} onClick={() => void setEmailStar(row.id, !starred)}>
        <Icon name={starred ? "starred" : "star"} />
      </button>
      {open && <Slot name="message.actions" email={row} />}
    </div>
  );
}

function Inside({ row }: { row: EmailRow }) {
  const [body, setBody] = useState(emailBody(row.id));
  const [shown, setShown] = useState<ReadonlySet<Id> | null>(null);
  useEffect(() => {
    if (!body) loadBody(row.id).then(setBody, problem);
  }, [row.id]);
  if (!body) return null;
  return (
    <div class="inside">
      <Recipients row={row} body={body} />
      <Slot name="message.head" email={row} />
      <MessageBody row={row} body={body} onShown={setShown} />
      <AttachmentList files={filesIn(body, shown)} email={row} />
      <Slot name="message.end" email={row} />
    </div>
  );
}
