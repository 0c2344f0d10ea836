// The text of a message: as HTML in its frame where the server has made that safe, else as plain text. This is the only place that decides it.
import type { EmailBody, EmailRow } from "../jmap/records";
import { HtmlBody } from "./HtmlBody";
import { TextBody } from "./TextBody";
import { plainText } from "./plain_text";
import { isPlain } from "./view_choice";

export function isRich(body: EmailBody): boolean {
  return body.htmlBody.some((part) => part.type === "text/html");
}

export function MessageBody({ row, body }: { row: EmailRow; body: EmailBody }) {
  return isRich(body) && !isPlain(row.id) ? <HtmlBody key={row.id} row={row} body={body} /> : <TextBody text={plainText(body)} />;
}
