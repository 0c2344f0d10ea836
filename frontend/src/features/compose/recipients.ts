// Whom an answer goes to. RFC 5322 §3.6.3, Reply-To §3.6.2, Mail-Followup-To as lists use it, List-Post RFC 2369 §3.4. Pure.
import type { Address } from "../../jmap/records";
import { eachOnce, keyOf, without } from "./addresses";

export type Kind = "reply" | "reply-all" | "reply-list";

/** What of a message decides it. */
export interface Heads {
  from: Address[] | null;
  to: Address[] | null;
  cc: Address[] | null;
  replyTo: Address[] | null;
  followupTo: Address[] | null;
  listPost: string[] | null;
}

export interface Recipients {
  to: Address[];
  cc: Address[];
}

/** Whether an address is one of `mine`, also with a detail behind a plus. */
function isOneOf(mine: ReadonlySet<string>, email: string): boolean {
  const key = keyOf(email);
  return mine.has(key) || mine.has(key.replace(/\+[^@]*@/, "@"));
}

export function recipientsOf(kind: Kind, mail: Heads, mine: ReadonlySet<string>): Recipients {
  const others = (list: readonly Address[] | null) => (list ?? []).filter((one) => !isOneOf(mine, one.email));
  const list = listAddress(mail);
  if (kind === "reply-list" && list) return { to: [list], cc: [] };
  if (kind === "reply-all" && mail.followupTo?.length) return { to: eachOnce(others(mail.followupTo)), cc: [] };
  const isMine = (mail.from ?? []).some((one) => isOneOf(mine, one.email));
  const author = isMine ? mail.to : mail.replyTo?.length ? mail.replyTo : mail.from;
  const to = eachOnce(others(author).length ? others(author) : (author ?? [])); // a letter to oneself is answered to oneself
  if (kind !== "reply-all") return { to, cc: [] };
  const cc = eachOnce(others([...(isMine ? [] : (mail.to ?? [])), ...(mail.cc ?? [])]));
  return { to, cc: without(cc, to) };
}

/** Where a list takes its mail; NO and addresses of the web are none. */
export function listAddress(mail: Pick<Heads, "listPost">): Address | null {
  const found = (mail.listPost ?? []).find((url) => /^mailto:/i.test(url));
  const email = found?.replace(/^mailto:/i, "").replace(/\?.*/s, "");
  return email ? { name: null, email: decode(email) } : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Which of one's identities has been written to; undefined: none. */
export function identityFor<T extends { email: string }>(identities: readonly T[], mail: Pick<Heads, "from" | "to" | "cc">): T | undefined {
  const named = [...(mail.to ?? []), ...(mail.cc ?? []), ...(mail.from ?? [])].map((one) => keyOf(one.email));
  const bare = named.map((key) => key.replace(/\+[^@]*@/, "@"));
  for (const key of [...named, ...bare]) {
    const found = identities.find((one) => keyOf(one.email) === key);
    if (found) return found;
  }
  return undefined;
}
