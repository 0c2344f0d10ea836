// What an answer takes over from what it answers: subject, references, the text with marks before its lines. RFC 5322 §3.6.4, RFC 3676 §4.5. Pure.

const ANSWERED = /^\s*(?:re|aw|sv|antw|rif|odp|vs|رد)(?:\s*\[\d+\])?\s*:/i;
const FORWARDED = /^\s*(?:fwd?|wg|tr|rv|vl|doorst|إعادة توجيه)\s*:/i;
const MOST_REFERENCES = 50;

export function replySubject(subject: string | null): string {
  const bare = (subject ?? "").trim();
  return ANSWERED.test(bare) ? bare : `Re: ${bare}`.trim();
}

export function forwardSubject(subject: string | null): string {
  const bare = (subject ?? "").trim();
  return FORWARDED.test(bare) ? bare : `Fwd: ${bare}`.trim();
}

interface Threaded {
  messageId: string[] | null;
  inReplyTo: string[] | null;
  references: string[] | null;
}

/** In-Reply-To and References of an answer; of very long threads the first and the newest. */
export function threading(mail: Threaded): { inReplyTo: string[]; references: string[] } {
  const own = mail.messageId ?? [];
  const before = mail.references?.length ? mail.references : mail.inReplyTo?.length === 1 ? mail.inReplyTo : [];
  const all = [...new Set([...before, ...own])];
  const references = all.length > MOST_REFERENCES ? [...all.slice(0, 1), ...all.slice(1 - MOST_REFERENCES)] : all;
  return { inReplyTo: own.slice(0, 1), references };
}

/** A mark before each line; a line that has one gets no space between. */
export function quoteText(text: string): string {
  return withoutSignature(text)
    .split("\n")
    .map((line) => (line.startsWith(">") ? `>${line}` : line ? `> ${line}` : ">"))
    .join("\n");
}

/** A signature is not quoted: what stands behind its mark, at the end. */
export function withoutSignature(text: string): string {
  const lines = text.trimEnd().split("\n");
  const at = lines.lastIndexOf("-- ");
  return (at > 0 && lines.length - at <= 20 ? lines.slice(0, at) : lines).join("\n").trimEnd();
}

/** Plain text as HTML, a block for each line. */
export function textToHtml(text: string): string {
  return text
    .split("\n")
    .map((line) => `<div>${line ? escapeHtml(line).replace(/^ | (?= )/g, "&nbsp;") : "<br>"}</div>`)
    .join("");
}

export function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
