// Names of people, short and long.
import type { Address, EmailRow } from "../jmap/records";

const UNSEEN = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** What a stranger has named, without signs that are not seen: some turn round what follows, and `fdp.exe` reads as `exe.pdf`. */
export function seen(text: string): string {
  return text.replace(UNSEEN, "").trim();
}

export function nameOf(address: Address): string {
  return seen(address.name ?? "") || seen(address.email);
}

/** Name and address. */
export function inFull(address: Address): string {
  const [name, email] = [seen(address.name ?? ""), seen(address.email)];
  return name ? `${name} <${email}>` : email;
}

/** The part that suffices between others. */
export function shortName(address: Address): string {
  const name = nameOf(address);
  if (name.includes("@")) return name.slice(0, name.indexOf("@"));
  const [last, first] = name.split(", ");
  return (first ?? last ?? name).split(" ")[0] ?? name;
}

export function isDraft(email: EmailRow): boolean {
  return "$draft" in email.keywords;
}

/** Who takes part in a conversation, the oldest first, each once; `me` is said otherwise. Who only has a draft in it does not yet. */
export function correspondents(emails: readonly EmailRow[], isMe: (email: string) => boolean, me: string): string[] {
  const seen = new Map<string, string>();
  const authors = emails.filter((email) => !isDraft(email)).flatMap((email) => email.from ?? []);
  const several = new Set(authors.map((one) => one.email.toLowerCase())).size > 1;
  for (const author of authors) {
    const key = author.email.toLowerCase();
    if (!seen.has(key)) seen.set(key, isMe(key) ? me : several ? shortName(author) : nameOf(author));
  }
  return [...seen.values()];
}

/** One or two letters for a picture of somebody. */
export function initials(address: Address): string {
  const words = nameOf(address).replace(/@.*/, "").split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}

/** A hue that is always the same for the same address. */
export function hueOf(address: Address): number {
  let sum = 7;
  for (const letter of address.email.toLowerCase()) sum = (sum * 31 + letter.codePointAt(0)!) % 3600;
  return sum % 360;
}
