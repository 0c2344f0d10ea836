import { expect, test } from "vitest";
import { addressLines, cardName, dateText, finder, mainEmail, sorted } from "./cards";
import { duplicates, merged } from "./duplicates";
import { changesOf, formOf } from "./editing";
import type { Card } from "./records";

function card(id: string, more: Partial<Card>): Card {
  return { id, uid: `urn:${id}`, addressBookIds: { B1: true }, ...more };
}

const ZOE = card("1", {
  name: { components: [{ kind: "given", value: "Zoë" }, { kind: "given2", value: "B." }, { kind: "surname", value: "Müller" }] },
  emails: { e1: { address: "zoe@x.test", contexts: { private: true }, label: "own" }, e2: { address: "z@work.test", pref: 1 } },
  phones: { p1: { number: "+33 1 23", features: { mobile: true, text: true } } },
  addresses: { a1: { components: [{ kind: "number", value: "5" }, { kind: "name", value: "Rue X" }, { kind: "locality", value: "Paris" }], isOrdered: true } as never },
  anniversaries: { b: { kind: "birth", date: { month: 2, day: 29 } }, w: { kind: "wedding", date: { year: 2001 } } },
});

test("names, addresses, order and search", () => {
  expect(cardName(ZOE)).toBe("Zoë B. Müller");
  expect(mainEmail(ZOE)).toBe("z@work.test");
  expect(cardName(card("2", { emails: { e: { address: "a@b.test" } } }))).toBe("a@b.test");
  expect(finder("muller zoe")(ZOE)).toBe(true);
  expect(finder("+33123")(ZOE)).toBe(true);
  expect(finder("bob")(ZOE)).toBe(false);
  expect(sorted([card("b", { name: { full: "Österreich" } }), card("c", { name: { full: "Zebra" } }), card("a", { name: { full: "Otto" } })], "de").map((one) => one.id)).toEqual(["b", "a", "c"]);
  expect(addressLines(ZOE.addresses!["a1"]!)).toEqual(["5 Rue X", "Paris"]);
  expect(dateText({ month: 2, day: 29 }, "en-GB")).toBe("29 February");
});

test("a form that nobody touches changes nothing", () => expect(changesOf(ZOE, formOf(ZOE))).toEqual({}));

test("what the form does not show stays", () => {
  const form = formOf(ZOE);
  form.surname = "Maier";
  form.emails[0]!.kind = "work";
  form.emails.push({ key: "", value: " new@x.test ", kind: "" });
  form.phones[0]!.value = "+33 9";
  form.year = "1980";
  const made = changesOf(ZOE, form);
  expect(made).toEqual({
    name: { components: [{ kind: "given", value: "Zoë" }, { kind: "given2", value: "B." }, { kind: "surname", value: "Maier" }], full: "Zoë B. Maier" },
    emails: { e1: { address: "zoe@x.test", contexts: { work: true }, label: "own" }, e2: { address: "z@work.test", pref: 1 }, a1: { address: "new@x.test" } },
    phones: { p1: { number: "+33 9", features: { mobile: true, text: true } } },
    anniversaries: { b: { kind: "birth", date: { year: 1980, month: 2, day: 29 } }, w: { kind: "wedding", date: { year: 2001 } } },
  });
});

test("how a component sounds stays with the system that it is written in", () => {
  const one = card("4", { name: { components: [{ kind: "given", value: "A" }, { kind: "given2", value: "B", phonetic: "/b/" }], phoneticSystem: "ipa" } as never });
  const form = formOf(one);
  form.given = "C";
  expect(changesOf(one, form)).toEqual({
    name: { components: [{ kind: "given", value: "C" }, { kind: "given2", value: "B", phonetic: "/b/" }], full: "C B", phoneticSystem: "ipa" },
  });
});

test("an address that is changed keeps what has no field", () => {
  const form = formOf(ZOE);
  form.places[0]!.locality = "Lyon";
  expect(changesOf(ZOE, form)).toEqual({
    addresses: { a1: { components: [{ kind: "name", value: "Rue X" }, { kind: "locality", value: "Lyon" }, { kind: "number", value: "5" }] } },
  });
});

test("what is emptied is taken away", () => {
  const form = { ...formOf(ZOE), emails: [], phones: [], places: [] };
  expect(changesOf(ZOE, form)).toEqual({ emails: null, phones: null, addresses: null });
});

test("duplicates are those with an address or a whole name in common", () => {
  const other = card("2", { name: { full: "Z. M." }, emails: { e1: { address: "ZOE@x.test" }, e2: { address: "third@x.test" } } });
  const same = card("3", { name: { full: "zoe b. muller" } });
  const nobody = card("4", { name: { full: "Zoë" } });
  expect(duplicates([ZOE, nobody, same, other]).map((set) => set.map((one) => one.id).sort())).toEqual([["1", "2", "3"]]);
  expect(merged([ZOE, other])).toEqual({ emails: { ...ZOE.emails, m1: { address: "third@x.test" } } });
});

test("one card of several has what each of them had", () => {
  const first = { ...ZOE, speakToAs: { grammaticalGender: "feminine", pronouns: { k: { pronouns: "she/her" } } }, vCardProps: [["x-a", {}, "text", "1"]], relatedTo: { "urn:bo": { relation: { friend: true } } } };
  const second = { ...card("2", {}), speakToAs: { grammaticalGender: "neuter", pronouns: { k: { pronouns: "they" } } }, vCardProps: [["x-a", {}, "text", "1"], ["x-b", {}, "text", "2"]], relatedTo: { "urn:al": { relation: {} } }, language: "fr" };
  expect(merged([first, second])).toEqual({
    language: "fr",
    speakToAs: { grammaticalGender: "feminine", pronouns: { k: { pronouns: "she/her" }, m1: { pronouns: "they" } } },
    vCardProps: [["x-a", {}, "text", "1"], ["x-b", {}, "text", "2"]],
    relatedTo: { "urn:bo": { relation: { friend: true } }, "urn:al": { relation: {} } },
  });
});
