// What a card is called, how cards are ordered and found. Pure.
import type { Card, Component, PartialDate, Said } from "./records";

const ORDER = ["title", "given", "given2", "surname", "surname2", "generation"];

export function listOf<T>(map: Record<string, T> | undefined): T[] {
  return Object.values(map ?? {});
}

function composed(components: readonly Component[] = []): string {
  return ORDER.flatMap((kind) => components.filter((one) => one.kind === kind).map((one) => one.value)).join(" ");
}

/** What somebody is called: the name, else what else tells who it is; "" when nothing does. */
export function cardName(card: Pick<Card, "name" | "nicknames" | "organizations" | "emails" | "phones">): string {
  const name = card.name?.full?.trim() || composed(card.name?.components);
  return name || listOf(card.nicknames)[0]?.name || listOf(card.organizations)[0]?.name || mainEmail(card) || listOf(card.phones)[0]?.number || "";
}

/** The preferred address, else the first. */
export function mainEmail(card: Pick<Card, "emails">): string {
  return preferred(listOf(card.emails))[0]?.address ?? "";
}

export function preferred<T extends Said>(all: readonly T[]): T[] {
  return [...all].sort((one, other) => (one.pref ?? 101) - (other.pref ?? 101));
}

export function isGroup(card: Card): boolean {
  return card.kind === "group";
}

/** Without case, accents and what stands around words. */
export function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** All words have to be somewhere in the name, the addresses, the telephones or the organisation. */
export function finder(text: string): (card: Card) => boolean {
  const words = folded(text).split(/\s+/).filter(Boolean);
  return (card) => {
    if (!words.length) return true;
    const there = folded(searched(card).join("\n"));
    return words.every((word) => there.includes(word));
  };
}

function searched(card: Card): string[] {
  return [
    cardName(card), ...listOf(card.nicknames).map((one) => one.name), ...listOf(card.emails).map((one) => one.address),
    ...listOf(card.phones).map((one) => one.number), ...listOf(card.phones).map((one) => one.number.replace(/[^\d+]/g, "")),
    ...listOf(card.organizations).flatMap((one) => [one.name ?? "", ...(one.units ?? []).map((unit) => unit.name)]), ...Object.keys(card.keywords ?? {}),
  ];
}

export function sorted(cards: Iterable<Card>, language: string): Card[] {
  const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  return [...cards].sort((one, other) => compare(cardName(one), cardName(other)) || compare(one.id, other.id));
}

/** 3 May 1980, 3 May, 1980: as much as is known. */
export function dateText(date: PartialDate, locale: string): string {
  const stamp = date.utc ? new Date(date.utc) : null;
  const year = stamp?.getUTCFullYear() ?? date.year;
  const month = stamp ? stamp.getUTCMonth() + 1 : date.month;
  const day = stamp?.getUTCDate() ?? date.day;
  const at = new Date(Date.UTC(2000, (month ?? 1) - 1, day ?? 1));
  if (year !== undefined) at.setUTCFullYear(year);
  const parts: Intl.DateTimeFormatOptions = { timeZone: "UTC" };
  if (year !== undefined) parts.year = "numeric";
  if (month !== undefined) parts.month = "long";
  if (day !== undefined) parts.day = "numeric";
  return new Intl.DateTimeFormat(locale, parts).format(at);
}

const STREET = ["number", "name", "building", "apartment", "floor", "room", "block", "postOfficeBox", "district", "subdistrict", "landmark", "direction"];

/** Of an address the lines, as they are written on envelopes of most countries. */
export function addressLines(address: { full?: string; components?: Component[] }): string[] {
  const of = (kinds: readonly string[]) => (address.components ?? []).filter((one) => kinds.includes(one.kind)).map((one) => one.value).join(" ");
  const lines = [of(STREET), [of(["postcode"]), of(["locality"])].filter(Boolean).join(" "), of(["region"]), of(["country"])].filter(Boolean);
  return lines.length ? lines : (address.full ?? "").split("\n");
}
