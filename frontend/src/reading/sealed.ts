// Whether a message is signed or encrypted, by its writer and for its readers. RFC 3156 §4, §5 (OpenPGP), RFC 8551 §3.5 (S/MIME), RFC 9580 §6.2
// (OpenPGP within the text). Nothing is verified and nothing deciphered here: that takes keys, which only programs of the reader have. Pure.
import type { BodyPart, EmailBody } from "../jmap/records";

/** `enveloped`: signed such that the text stands within the signature's own file. */
export type Seal = "encrypted" | "enveloped" | "signed";

const SIGNATURES = new Set(["application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"]);
const ENVELOPES = new Set(["application/pkcs7-mime", "application/x-pkcs7-mime"]);
const ARMOUR = /^-----BEGIN PGP (SIGNED )?MESSAGE-----\r?$/m;

/** `text`: its text as it is shown. Null: neither. */
export function sealOf(body: Pick<EmailBody, "textBody" | "htmlBody" | "attachments">, text: string): Seal | null {
  const parts = [...body.attachments, ...body.textBody, ...body.htmlBody];
  const types = parts.map((part) => part.type.toLowerCase());
  const envelope = parts.find((_, at) => ENVELOPES.has(types[at] ?? ""));
  const armour = ARMOUR.exec(text);
  if (types.includes("application/pgp-encrypted") || (armour && !armour[1])) return "encrypted";
  if (envelope) return kindOfEnvelope(envelope);
  return armour || types.some((type) => SIGNATURES.has(type)) ? "signed" : null;
}

// The parameter smime-type says what is within, RFC 8551 §3.2.2; where it is left out, most are encrypted.
function kindOfEnvelope(part: BodyPart): Seal | null {
  const field = (part["header:Content-Type"] ?? "").toLowerCase().replace(/[\s"]/g, "");
  const kind = /;smime-type=([\w-]*)/.exec(field)?.[1] ?? "enveloped-data";
  if (kind === "signed-data") return "enveloped";
  return kind.endsWith("enveloped-data") ? "encrypted" : null;
}
