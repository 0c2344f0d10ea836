// A card as a form has it, and back again: what the form does not show stays in the card as it was. Pure. RFC 9553 §2.
import type { Id } from "../../jmap/records";
import { listOf } from "./cards";
import type { Card, Component, Said } from "./records";

/** `key` is the name in the card's map, "" for a new one. */
export interface Line {
  key: string;
  value: string;
  kind: string;
}

export interface Place {
  key: string;
  kind: string;
  street: string;
  postcode: string;
  locality: string;
  region: string;
  country: string;
}

export interface Form {
  title: string;
  given: string;
  surname: string;
  full: string; // of a group, and of who has no components
  nickname: string;
  organization: string;
  unit: string;
  job: string;
  emails: Line[];
  phones: Line[];
  links: Line[];
  places: Place[];
  day: string;
  month: string;
  year: string;
  note: string;
  bookIds: Id[];
}

export const EMAIL_KINDS = ["", "private", "work"] as const;
export const PHONE_KINDS = ["", "mobile", "private", "work", "fax"] as const;
const ORDER = ["title", "given", "given2", "surname"];
const PARTS: Record<keyof Omit<Place, "key" | "kind">, string> = {
  street: "name", postcode: "postcode", locality: "locality", region: "region", country: "country",
};

export function formOf(card: Partial<Card>): Form {
  const part = (kind: string) => (card.name?.components ?? []).filter((one) => one.kind === kind).map((one) => one.value).join(" ");
  const birth = listOf(card.anniversaries).find((one) => one.kind === "birth")?.date ?? {};
  const organization = listOf(card.organizations)[0];
  return {
    title: part("title"), given: part("given"), surname: part("surname"), full: card.name?.full ?? "",
    nickname: listOf(card.nicknames)[0]?.name ?? "",
    organization: organization?.name ?? "", unit: organization?.units?.map((one) => one.name).join(", ") ?? "",
    job: listOf(card.titles)[0]?.name ?? "",
    emails: lines(card.emails, "address"), phones: lines(card.phones, "number"), links: lines(card.links, "uri"),
    places: Object.entries(card.addresses ?? {}).map(([key, one]) => placeOf(key, one)),
    day: text(birth.day), month: text(birth.month), year: text(birth.year),
    note: listOf(card.notes).map((one) => one.note).join("\n\n"),
    bookIds: Object.keys(card.addressBookIds ?? {}),
  };
}

function text(number: number | undefined): string {
  return number === undefined ? "" : String(number);
}

function kindOf(one: Said): string {
  if (one.features?.["fax"]) return "fax";
  if (one.features?.["mobile"]) return "mobile";
  return one.contexts?.["work"] ? "work" : one.contexts?.["private"] ? "private" : "";
}

function lines<F extends string>(map: Record<string, Said & Record<F, string>> | undefined, field: F): Line[] {
  return Object.entries(map ?? {}).map(([key, one]) => ({ key, value: one[field], kind: kindOf(one) }));
}

function placeOf(key: string, one: Said & { components?: Component[] }): Place {
  const part = (kind: string) => (one.components ?? []).filter((each) => each.kind === kind).map((each) => each.value).join(" ");
  return { key, kind: kindOf(one), street: part("name"), postcode: part("postcode"), locality: part("locality"), region: part("region"), country: part("country") };
}

/** The properties that differ from the card; null takes one away. */
export function changesOf(card: Partial<Card>, form: Form): Record<string, unknown> {
  const before = formOf(card);
  const found: Record<string, unknown> = {};
  const put = (name: string, same: boolean, value: () => object | null) => {
    if (!same) found[name] = value();
  };
  put("name", alike([before.title, before.given, before.surname, before.full], [form.title, form.given, form.surname, form.full]), () => nameOf(card, form));
  put("nicknames", before.nickname === form.nickname, () => single(card.nicknames, form.nickname && { name: form.nickname.trim() }));
  put("organizations", alike([before.organization, before.unit], [form.organization, form.unit]), () => single(card.organizations, organizationOf(form)));
  put("titles", before.job === form.job, () => single(card.titles, form.job && { kind: "title", name: form.job.trim() }));
  put("emails", alike(before.emails, form.emails), () => mapOf(card.emails, form.emails, "address"));
  put("phones", alike(before.phones, form.phones), () => mapOf(card.phones, form.phones, "number"));
  put("links", alike(before.links, form.links), () => mapOf(card.links, form.links, "uri"));
  put("addresses", alike(before.places, form.places), () => placesOf(card, before.places, form.places));
  put("anniversaries", alike([before.day, before.month, before.year], [form.day, form.month, form.year]), () => birthOf(card, form));
  put("notes", before.note === form.note, () => (form.note.trim() ? { n1: { note: form.note.trim() } } : null));
  put("addressBookIds", alike(before.bookIds, form.bookIds), () => Object.fromEntries(form.bookIds.map((id) => [id, true])));
  return found;
}

function alike(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function nameOf(card: Partial<Card>, form: Form): object | null {
  const mine: [string, string][] = [["title", form.title], ["given", form.given], ["surname", form.surname]];
  const others = (card.name?.components ?? []).filter((one) => !mine.some(([kind]) => kind === one.kind) && one.kind !== "separator");
  const parts = mine.filter(([, value]) => value.trim()).map(([kind, value]) => ({ kind, value: value.trim() }));
  const place = (one: Component) => (ORDER.includes(one.kind) ? ORDER.indexOf(one.kind) : ORDER.length);
  const components = [...parts, ...others].sort((one, other) => place(one) - place(other));
  if (components.length) return { components, full: components.map((one) => one.value).join(" "), ...sounds(card.name, others) };
  return form.full.trim() ? { full: form.full.trim() } : null;
}

// How a component sounds says nothing without the system or the script that it is written in (RFC 9553 §2.2.1).
function sounds(name: object | undefined, kept: object[]): object {
  if (!kept.some((one) => "phonetic" in one)) return {};
  return Object.fromEntries(Object.entries(name ?? {}).filter(([key]) => key === "phoneticSystem" || key === "phoneticScript"));
}

function organizationOf(form: Form): object | "" {
  const units = form.unit.split(",").map((one) => one.trim()).filter(Boolean).map((name) => ({ name }));
  if (!form.organization.trim() && !units.length) return "";
  return { ...(form.organization.trim() ? { name: form.organization.trim() } : {}), ...(units.length ? { units } : {}) };
}

// The first of a map is what the form shows.
function single(map: Record<string, object> | undefined, value: object | ""): object | null {
  const [first = "x1", ...rest] = Object.keys(map ?? {});
  const kept = Object.fromEntries(rest.map((key) => [key, map?.[key]]));
  const made = value ? { [first]: { ...map?.[first], ...value }, ...kept } : kept;
  return Object.keys(made).length ? made : null;
}

function said(before: Said, kind: string): Said {
  if (kindOf(before) === kind) return before;
  const { contexts, features, ...rest } = before;
  const contextsLeft = Object.fromEntries(Object.entries(contexts ?? {}).filter(([one]) => one !== "private" && one !== "work")) as Record<string, true>;
  const featuresLeft = Object.fromEntries(Object.entries(features ?? {}).filter(([one]) => one !== "mobile" && one !== "fax")) as Record<string, true>;
  if (kind === "private" || kind === "work") contextsLeft[kind] = true;
  else if (kind) featuresLeft[kind] = true;
  return { ...rest, ...(Object.keys(contextsLeft).length ? { contexts: contextsLeft } : {}), ...(Object.keys(featuresLeft).length ? { features: featuresLeft } : {}) };
}

function freeKey(taken: Record<string, unknown>, letter: string): string {
  let number = 1;
  while (`${letter}${number}` in taken) number++;
  return `${letter}${number}`;
}

function mapOf(map: Record<string, Said> | undefined, all: readonly Line[], field: string): object | null {
  const made: Record<string, object> = {};
  for (const line of all) {
    if (!line.value.trim()) continue;
    const key = line.key || freeKey({ ...map, ...made }, field[0] ?? "x");
    made[key] = { ...said(map?.[line.key] ?? {}, line.kind), [field]: line.value.trim() };
  }
  return Object.keys(made).length ? made : null;
}

function placesOf(card: Partial<Card>, before: readonly Place[], all: readonly Place[]): object | null {
  const made: Record<string, object> = {};
  for (const place of all) {
    const kept = card.addresses?.[place.key];
    if (kept && before.some((one) => alike(one, place))) {
      made[place.key] = kept;
      continue;
    }
    const names = Object.keys(PARTS) as (keyof typeof PARTS)[];
    const parts = names.filter((name) => place[name].trim()).map((name) => ({ kind: PARTS[name], value: place[name].trim() }));
    if (!parts.length) continue;
    const others = (kept?.components ?? []).filter((one) => one.kind !== "separator" && !Object.values(PARTS).includes(one.kind));
    const { full: _full, components: _components, ...rest } = said(kept ?? {}, place.kind) as Said & { full?: string; components?: Component[] };
    made[place.key || freeKey({ ...card.addresses, ...made }, "a")] = { ...ordered(rest), components: [...parts, ...others] };
  }
  return Object.keys(made).length ? made : null;
}

// An order of the components, once they have changed, is none any more.
function ordered(rest: object): object {
  const { isOrdered: _isOrdered, defaultSeparator: _separator, ...kept } = rest as { isOrdered?: boolean; defaultSeparator?: string };
  return kept;
}

function birthOf(card: Partial<Card>, form: Form): object | null {
  const others = Object.fromEntries(Object.entries(card.anniversaries ?? {}).filter(([, one]) => one.kind !== "birth"));
  const key = Object.entries(card.anniversaries ?? {}).find(([, one]) => one.kind === "birth")?.[0] ?? freeKey(others, "b");
  const date = Object.fromEntries(
    (["year", "month", "day"] as const).filter((name) => form[name]).map((name) => [name, Number(form[name])]),
  );
  const made = "year" in date || "month" in date ? { ...others, [key]: { kind: "birth", date } } : others;
  return Object.keys(made).length ? made : null;
}
