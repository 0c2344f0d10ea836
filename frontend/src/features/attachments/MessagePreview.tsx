// A message within the message, as text (Email/parse, RFC 8621 §4.9).
import { longDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { type Address, type BodyPart, type EmailBody, type EmailRow, type Id, PART_PROPERTIES } from "../../jmap/records";
import { inFull } from "../../mail/people";
import { TextBody } from "../../reading/TextBody";
import { filesIn } from "../../reading/files";
import { plainText } from "../../reading/plain_text";
import { AttachmentList } from "../../views/AttachmentList";
import { Waiting } from "./Waiting";
import { useLoaded } from "./loaded";

type Parsed = EmailBody & Pick<EmailRow, "from" | "to" | "subject">;

declare module "../../jmap/methods" {
  interface Methods {
    "Email/parse": Method<{ blobIds: Id[]; properties: string[]; bodyProperties: typeof PART_PROPERTIES; fetchTextBodyValues: boolean; maxBodyValueBytes: number }, { parsed: Record<Id, Parsed> | null }>;
  }
}

const PROPERTIES = ["from", "to", "cc", "subject", "sentAt", "textBody", "htmlBody", "attachments", "bodyValues"];

export function MessagePreview({ part }: { part: BodyPart }) {
  const found = useLoaded(() => parse(part.blobId ?? ""), part.blobId);
  if (found === undefined || found instanceof Error) return <Waiting error={found} />;
  return (
    <article class="nested">
      <h3 dir="auto">{found.subject?.trim() || t("mail.no-subject")}</h3>
      <p class="note" dir="auto">{t("headers.written-by", { who: people(found.from) })} · {t("message.to", { who: people(found.to) })}</p>
      {found.sentAt && <p class="note">{longDate(found.sentAt)}</p>}
      <TextBody text={plainText(found)} />
      <AttachmentList files={filesIn(found, new Set())} />
    </article>
  );
}

async function parse(blobId: Id): Promise<Parsed> {
  const answer = await jmap.call("Email/parse", { blobIds: [blobId], properties: PROPERTIES, bodyProperties: PART_PROPERTIES, fetchTextBodyValues: true, maxBodyValueBytes: 512 * 1024 });
  const found = answer.parsed?.[blobId];
  if (!found) throw new Error(t("attachments.broken"));
  return found;
}

function people(list: readonly Address[] | null): string {
  return (list ?? []).map(inFull).join(", ") || "?";
}
