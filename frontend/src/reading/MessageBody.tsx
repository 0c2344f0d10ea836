// The text of a message: as HTML in its frame where the server has made that safe, else as plain text. This is the only place that decides it.
import { useEffect, useMemo } from "preact/hooks";
import type { EmailBody, EmailRow, Id } from "../jmap/records";
import { HtmlBody } from "./HtmlBody";
import { SealBar } from "./SealBar";
import { TextBody } from "./TextBody";
import { plainText } from "./plain_text";
import { sealOf } from "./sealed";
import { isPlain } from "./view_choice";

export function isRich(body: EmailBody): boolean {
  return body.htmlBody.some((part) => part.type === "text/html");
}

const NONE: ReadonlySet<Id> = new Set();

/** `onShown` is told which parts its text shows: the others are files. */
export function MessageBody({ row, body, onShown }: { row: EmailRow; body: EmailBody; onShown: (parts: ReadonlySet<Id>) => void }) {
  const rich = isRich(body) && !isPlain(row.id);
  useEffect(() => void (rich || onShown(NONE)), [rich]);
  const text = useMemo(() => plainText(body), [body]);
  const seal = useMemo(() => sealOf(body, text), [body, text]);
  return (
    <>
      {seal && <SealBar seal={seal} />}
      {rich && <HtmlBody key={row.id} row={row} body={body} onShown={onShown} />}
      {!rich && (text || seal === null || seal === "signed") && <TextBody text={text} />}
    </>
  );
}
