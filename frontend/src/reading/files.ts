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
  return seen(part.name ?? "") || t("message.unnamed", { ending: endingOf(part.type) });
}

const MOST_ENDING = 12;

/** A name and its ending apart: where there is no room the name gives way, since the ending says what the file will do. */
export function halves(name: string): [string, string] {
  const at = name.lastIndexOf(".");
  return at > 0 && name.length - at <= MOST_ENDING ? [name.slice(0, at), name.slice(at)] : [name, ""];
}

const ENDINGS: Readonly<Record<string, string>> = {
  "application/pgp-signature": "asc", "application/pkcs7-mime": "p7m", "application/pkcs7-signature": "p7s", "image/jpeg": "jpg", "image/svg+xml": "svg",
  "message/global": "eml", "message/rfc822": "eml", "text/calendar": "ics", "text/plain": "txt", "text/vcard": "vcf", "text/x-vcard": "vcf",
};

/** How the name of a file of a type ends, so that the reader's machine knows what it is. */
export function endingOf(type: string): string {
  return ENDINGS[type.toLowerCase()] ?? (type.toLowerCase().split("/")[1] ?? "bin").replace(/[^a-z0-9-]/g, "");
}

/** `shown`: pictures that the text itself shows; null: not known yet, then those that may be among them wait. */
export function filesIn(body: Parts, shown: ReadonlySet<Id> | null): BodyPart[] {
  const isInText = (part: BodyPart) => part.disposition !== "attachment" && (shown ? shown.has(part.blobId ?? "") : part.cid !== null && part.type.startsWith("image/"));
  return partsBesideText(body).filter((part) => !isInText(part));
}
