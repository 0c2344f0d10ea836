// The text of a message: as HTML in its frame where the server has made that safe, else as plain text. This is the only place that decides it.
import { useEffect } from "preact/hooks";
import type { EmailBody, EmailRow, Id } from "../jmap/records";
import { HtmlBody } from "./HtmlBody";
import { TextBody } from "./TextBody";
import { plainText } from "./plain_text";
import { isPlain } from "./view_choice";

export function isRich(body: EmailBody): boolean {
  return body.htmlBody.some((part) => part.type === "text/html");
}

const NONE: ReadonlySet<Id> = new Set();

/** `onShown` is told which parts its text shows: the others are files. */
export function MessageBody({ row, body, onShown }: { row: EmailRow; body: EmailBody; onShown: (parts: ReadonlySet<Id>) => void }) {
  const rich = isRich(body) && !isPlain(row.id);
  useEffect(() => void (rich || onShown(NONE)), [rich]);
  return rich ? <HtmlBody key={row.id} row={row} body={body} onShown={onShown} /> : <TextBody text={plainText(body)} />;
}
