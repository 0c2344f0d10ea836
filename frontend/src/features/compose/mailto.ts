// mailto: addresses (RFC 6068). Pure. Only fields that a page may sensibly ask for are taken; never Bcc unseen, attachments or From.
import type { Address } from "../../jmap/records";
import { eachOnce, parseAddresses } from "./addresses";

export interface Asked {
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  text: string;
  inReplyTo: string[];
}

/** What a link asks for; null where it is none. */
export function parseMailto(url: string): Asked | null {
  const found = /^mailto:([^?#]*)(?:\?([^#]*))?/i.exec(url.trim());
  if (!found) return null;
  const asked: Asked = { to: parseAddresses(split(found[1] ?? "")), cc: [], bcc: [], subject: "", text: "", inReplyTo: [] };
  for (const field of (found[2] ?? "").split("&")) {
    const at = field.indexOf("=");
    if (at < 0) continue;
    take(asked, decode(field.slice(0, at)).toLowerCase(), field.slice(at + 1));
  }
  asked.to = eachOnce(asked.to);
  return asked;
}

function take(asked: Asked, name: string, raw: string): void {
  const value = decode(raw);
  if (name === "to" || name === "cc" || name === "bcc") asked[name] = eachOnce([...asked[name], ...parseAddresses(split(raw))]);
  else if (name === "subject") asked.subject = value.replace(/[\r\n]+/g, " ").trim();
  else if (name === "body") asked.text += (asked.text && "\n") + value.replace(/\r\n?/g, "\n");
  else if (name === "in-reply-to") asked.inReplyTo = [...value.matchAll(/<([^<>\s]{1,250})>/g)].map((one) => one[1] ?? "");
}

// Commas that are not encoded stand between addresses (RFC 6068 §2).
function split(raw: string): string {
  return raw.split(",").map((one) => decode(one)).join(",");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
