// The message that is answered, sent on, or written further: with all that this needs of it.
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { BODY_PROPERTIES, type Address, type EmailBody, type EmailRow, type Id, PART_PROPERTIES, ROW_PROPERTIES } from "../../jmap/records";
import { fileName, partsBesideText } from "../../reading/files";
import { unflowed } from "../../reading/flowed";
import { plainText } from "../../reading/plain_text";
import { type Attached, newKey } from "./draft";
import { textToHtml } from "./quoting";
import type { Heads } from "./recipients";
import { cidsIn, quotable } from "./rich";

/** Octets of a text that is quoted; of what is sent on or written further nothing may be missing. */
export const MOST_QUOTED = 512 * 1024;
const HEADERS = { followup: "header:Mail-Followup-To:asAddresses", post: "header:List-Post:asURLs" } as const;
const PROPERTIES = [...ROW_PROPERTIES, ...BODY_PROPERTIES.filter((name) => name !== "id"), HEADERS.followup, HEADERS.post];

export interface Original extends EmailRow, EmailBody, Heads {}

export async function fetchOriginal(id: Id, most = 0): Promise<Original> {
  const { list } = await jmap.call("Email/get", {
    ids: [id], properties: PROPERTIES, bodyProperties: PART_PROPERTIES, fetchTextBodyValues: true, fetchHTMLBodyValues: true, maxBodyValueBytes: most,
  });
  const found = list[0];
  if (!found) throw new Error(t("reading.gone"));
  const heads = found as unknown as Record<string, unknown>;
  return { ...found, followupTo: heads[HEADERS.followup] as Address[] | null, listPost: heads[HEADERS.post] as string[] | null };
}

export function isRich(mail: EmailBody): boolean {
  return mail.htmlBody.some((part) => part.type === "text/html");
}

export function textOf(mail: EmailBody): string {
  return plainText(mail);
}

/** Its text as HTML that may stand in the editor, whatever it was written in. */
export function htmlOf(mail: EmailBody, safe: (html: string) => string = quotable): string {
  return mail.htmlBody
    .map((part) => {
      const value = part.partId === null ? "" : (mail.bodyValues[part.partId]?.value ?? "");
      if (part.type === "text/html") return safe(value);
      return part.type.startsWith("text/") ? textToHtml(unflowed(part, value).replace(/\r\n/g, "\n")) : "";
    })
    .join("");
}

/** Its files: all, or only the pictures that its text shows. */
export function filesOf(mail: EmailBody, which: "all" | "pictures", html: string): Attached[] {
  const cids = cidsIn(html);
  return partsBesideText(mail).flatMap((part) => {
    const cid = part.cid !== null && cids.has(part.cid) ? part.cid : null;
    if (!part.blobId || (which === "pictures" && !cid)) return [];
    const name = fileName(part);
    return [{ key: newKey(), name, type: part.type, size: part.size, blobId: part.blobId, cid, progress: 1, failed: "" }];
  });
}
