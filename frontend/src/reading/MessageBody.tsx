// The text of a message: as HTML in its frame where the server has made that safe, else as plain text. This is the only place that decides it.
import { useEffect, useState } from "preact/hooks";
import type { EmailBody, EmailRow } from "../jmap/records";
import { HtmlFrame } from "./HtmlFrame";
import { TextBody } from "./TextBody";
import { safeHtml } from "./safe_html";
import { plainText } from "./plain_text";

export function MessageBody({ row, body }: { row: EmailRow; body: EmailBody }) {
  const rich = body.htmlBody.some((part) => part.type === "text/html");
  const [html, setHtml] = useState<TrustedHTML | string | null | undefined>(rich ? undefined : null);
  useEffect(() => {
    if (rich) safeHtml(row, body).then(setHtml, () => setHtml(null));
  }, [row.id, rich]);
  if (html === undefined) return <div class="body" aria-busy="true" />;
  return html === null ? <TextBody text={plainText(body)} /> : <HtmlFrame html={html} />;
}
