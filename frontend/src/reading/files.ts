// Which parts of a message are files to be downloaded: all that is seen nowhere else.
// RFC 8621 §4.1.4 counts photos, sounds and films between the texts among these, and not among the attachments.
import { t } from "../i18n/words";
import type { BodyPart, EmailBody, Id } from "../jmap/records";
import { seen } from "../mail/people";

type Parts = Pick<EmailBody, "textBody" | "htmlBody" | "attachments">;

/** Attachments and what stands beside them in a body, each once. */
export function partsBesideText({ textBody, htmlBody, attachments }: Parts): BodyPart[] {
  const beside = [...htmlBody, ...textBody].filter((part) => !part.type.startsWith("text/"));
  return [...new Map([...attachments, ...beside].map((part) => [part.blobId, part])).values()].filter((part) => part.blobId);
}

/** What it is called, or what it is. */
export function fileName(part: BodyPart): string {
  return seen(part.name ?? "") || t("message.unnamed", { type: part.type });
}

/** `shown`: pictures that the text itself shows; null: not known yet, then those that may be among them wait. */
export function filesIn(body: Parts, shown: ReadonlySet<Id> | null): BodyPart[] {
  const isInText = (part: BodyPart) => part.disposition !== "attachment" && (shown ? shown.has(part.blobId ?? "") : part.cid !== null && part.type.startsWith("image/"));
  return partsBesideText(body).filter((part) => !isInText(part));
}
