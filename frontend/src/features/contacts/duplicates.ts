// Cards that seem to be of the same person, and one card of several. Pure.
import { cardName, folded, isGroup, listOf } from "./cards";
import type { Card } from "./records";

/** Sets of two or more that share an e-mail address, or are called the same and do not differ in all their addresses. */
export function duplicates(cards: Iterable<Card>): Card[][] {
  const home = new Map<string, Card[]>();
  const sets = new Map<Card, Card[]>();
  for (const card of cards) {
    if (isGroup(card)) continue;
    let mine = [card];
    sets.set(card, mine);
    for (const sign of signs(card)) {
      const other = home.get(sign);
      const theirs = other?.[0] ? (sets.get(other[0]) ?? other) : undefined;
      if (theirs && theirs !== mine) {
        for (const one of mine) sets.set(one, theirs);
        theirs.push(...mine);
        mine = theirs;
      }
      home.set(sign, mine);
    }
  }
  return [...new Set(sets.values())].filter((one) => one.length > 1);
}

function signs(card: Card): string[] {
  const name = folded(cardName(card)).trim();
  const emails = listOf(card.emails).map((one) => `@${one.address.toLowerCase()}`);
  return [...emails, ...(card.name && name.includes(" ") ? [name] : [])];
}

// Maps whose keys mean nothing (RFC 9553 §1.4.1), and sets: they are put together. The keys of the others mean something.
const GATHERED = new Set(
  ("emails phones addresses onlineServices schedulingAddresses calendars directories cryptoKeys links media nicknames organizations titles notes " +
    "anniversaries personalInfo preferredLanguages keywords members addressBookIds").split(" "),
);
const OWN = new Set(["id", "uid", "created", "updated", "version", "@type"]);

/** The first card with what the others have besides: names and other single things stay its own, of collections nothing is lost. */
export function merged(cards: readonly Card[]): Record<string, unknown> {
  const [first, ...others] = cards as [Card, ...Card[]];
  const made: Record<string, unknown> = { ...first };
  for (const other of others) {
    for (const [name, value] of Object.entries(other)) {
      if (!OWN.has(name)) made[name] = made[name] === undefined ? value : joined(name, made[name], value);
    }
  }
  return Object.fromEntries(Object.entries(made).filter(([name, value]) => name !== "id" && value !== (first as unknown as Record<string, unknown>)[name]));
}

function joined(name: string, mine: unknown, theirs: unknown): unknown {
  if (Array.isArray(mine) && Array.isArray(theirs)) return [...new Map([...mine, ...theirs].map((one) => [JSON.stringify(one), one])).values()];
  if (name === "name" || !isMap(mine) || !isMap(theirs)) return mine;
  if (GATHERED.has(name)) return together(mine, theirs);
  const made = { ...theirs, ...mine };
  if (isMap(mine["pronouns"]) && isMap(theirs["pronouns"])) made["pronouns"] = together(mine["pronouns"], theirs["pronouns"]);
  return made;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function together(mine: Record<string, unknown>, theirs: Record<string, unknown>): Record<string, unknown> {
  let made = mine;
  const there = new Set(Object.values(mine).map(essence));
  for (const [key, value] of Object.entries(theirs)) {
    if (value === true ? made[key] === true : there.has(essence(value))) continue;
    made = { ...made, [value !== true && key in made ? free(made) : key]: value };
  }
  return made;
}

function free(taken: Record<string, unknown>): string {
  let number = 1;
  while (`m${number}` in taken) number++;
  return `m${number}`;
}

function essence(value: unknown): string {
  const one = value as { address?: string; number?: string; uri?: string };
  if (one.address) return one.address.toLowerCase();
  if (one.number) return one.number.replace(/[^\d+]/g, "");
  return one.uri ?? JSON.stringify(value);
}
