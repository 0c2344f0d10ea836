// HTML of a message that may be put into its frame, or null: then its text is shown. The server sanitises; the browser does it once more (DOMPurify,
// loaded when the first such message is opened). HTML that the server has not sanitised is never shown, so this gives null until it can be asked for:
// `SOURCE` is where the server's method is put in.
import type { EmailBody, EmailRow } from "../jmap/records";

type Source = (row: EmailRow, body: EmailBody) => Promise<string | null>;

/** Gives the HTML that the server has sanitised. */
const SOURCE: Source | null = null as Source | null;

// The frame inherits the page's policy; this one is stricter, and forbids all that is not in the message itself.
const POLICY = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";

export async function safeHtml(row: EmailRow, body: EmailBody): Promise<TrustedHTML | string | null> {
  const given = await SOURCE?.(row, body);
  if (given === null || given === undefined) return null;
  const { purified } = await import("./purified");
  return purified(given, POLICY);
}
