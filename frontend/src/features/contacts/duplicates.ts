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

/** The first card with what the others have besides: names stay its own, maps are put together without what is there already. */
export function merged(cards: readonly Card[]): Record<string, unknown> {
  const [first, ...others] = cards as [Card, ...Card[]];
  const made: Record<string, unknown> = { ...first };
  for (const other of others) {
    for (const [name, value] of Object.entries(other)) {
      if (["id", "uid", "created", "updated", "version", "@type"].includes(name)) continue;
      const mine = made[name];
      if (mine === undefined) made[name] = value;
      else if (isMap(mine) && isMap(value) && name !== "name") made[name] = together(mine, value);
    }
  }
  return Object.fromEntries(Object.entries(made).filter(([name, value]) => name !== "id" && value !== (first as unknown as Record<string, unknown>)[name]));
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
