// Who may be meant by what is typed: contacts, and people one has written to lately. Asked within bounds, kept for the life of the page.
import { jmap } from "../../jmap/client";
import type { Address } from "../../jmap/records";
import { roleId } from "../../state/mailboxes";
import { keyOf } from "./addresses";
import { ask } from "./calling";

const CONTACTS = "urn:ietf:params:jmap:contacts";
const LOOKED_AT = 200; // sent messages
const MOST = 8;

interface Known extends Address {
  weight: number;
}

interface Card {
  name?: { full?: string; components?: { kind: string; value: string }[] };
  emails?: Record<string, { address: string }>;
}

let recent: Promise<Map<string, Known>> | null = null;
const contacts = new Map<string, Promise<Address[]>>();

/** At most eight, the likeliest first; `taken` are left out. */
export async function suggest(typed: string, taken: readonly Address[]): Promise<Address[]> {
  const words = fold(typed).trim();
  if (!words) return [];
  const [known, cards] = await Promise.all([writtenTo(), fromContacts(words)]);
  const found = new Map<string, Known>();
  for (const one of cards) found.set(keyOf(one.email), { ...one, weight: 1 + (known.get(keyOf(one.email))?.weight ?? 0) });
  for (const [key, one] of known) if (!found.has(key) && matches(one, words)) found.set(key, one);
  const gone = new Set(taken.map((one) => keyOf(one.email)));
  return [...found.values()]
    .filter((one) => !gone.has(keyOf(one.email)))
    .sort((a, b) => Number(begins(b, words)) - Number(begins(a, words)) || b.weight - a.weight || keyOf(a.email).localeCompare(keyOf(b.email)))
    .slice(0, MOST)
    .map(({ name, email }) => ({ name, email }));
}

export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Whether each word begins a word of the name or of the address. */
export function matches(one: Address, words: string): boolean {
  const parts = fold(`${one.name ?? ""} ${one.email}`).split(/[\s@._,"'()-]+/);
  const whole = fold(one.email);
  return words.split(/\s+/).every((word) => whole.startsWith(word) || whole.includes(word.includes("@") ? word : "\n") || parts.some((part) => part.startsWith(word)));
}

function begins(one: Address, words: string): boolean {
  return fold(one.email).startsWith(words) || fold(one.name ?? "").startsWith(words);
}

async function fromContacts(words: string): Promise<Address[]> {
  if (!jmap.can(CONTACTS)) return [];
  let found = contacts.get(words);
  if (!found) {
    if (contacts.size > 200) contacts.clear();
    contacts.set(words, (found = asked().catch(() => [])));
  }
  return found;

  async function asked(): Promise<Address[]> {
    const query = ask<{ ids: string[] }>("ContactCard/query", { filter: { operator: "OR", conditions: [{ name: words }, { email: words }, { nickname: words }] }, limit: 50 });
    const cards = ask<{ list: Card[] }>("ContactCard/get", { "#ids": query.at("/ids"), properties: ["id", "name", "emails"] });
    return (await cards).list.flatMap((card) => Object.values(card.emails ?? {}).map(({ address }) => ({ name: nameOf(card), email: address })));
  }
}

function nameOf(card: Card): string | null {
  const parts = (card.name?.components ?? []).filter((one) => one.kind === "given" || one.kind === "surname").map((one) => one.value);
  return card.name?.full || parts.join(" ") || null;
}

// Counted over what was sent last; the newer weighs more.
function writtenTo(): Promise<Map<string, Known>> {
  recent ??= fetchRecent().catch(() => {
    recent = null;
    return new Map<string, Known>();
  });
  return recent;
}

async function fetchRecent(): Promise<Map<string, Known>> {
  const sent = roleId("sent");
  const known = new Map<string, Known>();
  if (!sent) return known;
  const query = jmap.call("Email/query", { filter: { inMailbox: sent }, sort: [{ property: "receivedAt", isAscending: false }], limit: LOOKED_AT });
  const emails = jmap.call("Email/get", { "#ids": query.at("/ids"), properties: ["id", "to", "cc", "bcc"] });
  for (const [index, mail] of (await emails).list.entries()) {
    for (const { name, email } of [...(mail.to ?? []), ...(mail.cc ?? []), ...(mail.bcc ?? [])]) {
      const before = known.get(keyOf(email));
      known.set(keyOf(email), { name: before?.name ?? name, email: before?.email ?? email, weight: (before?.weight ?? 0) + 1 / (1 + index / 20) });
    }
  }
  return known;
}

/** What was just sent to is known from now on. */
export function forgetRecent(): void {
  recent = null;
}
