import { expect, it } from "vitest";
import type { EmailRow } from "../jmap/records";
import { correspondents, inFull, initials, nameOf, shortName } from "./people";

const by = (name: string | null, email: string, keywords: Record<string, true> = {}) => ({ from: [{ name, email }], keywords }) as unknown as EmailRow;

it("says full names of one, first names of several, and me", () => {
  const me = (email: string) => email === "bob@l.test";
  expect(correspondents([by("Ada Lovelace", "ada@x")], me, "me")).toEqual(["Ada Lovelace"]);
  expect(correspondents([by("Ada Lovelace", "ada@x"), by("Bob", "bob@l.test"), by("Byron, George", "g@x"), by("Ada L", "ADA@x")], me, "me")).toEqual(["Ada", "me", "George"]);
  expect(correspondents([by("Ada Lovelace", "ada@x"), by("Bob", "bob@l.test", { $draft: true })], me, "me")).toEqual(["Ada Lovelace"]);
});

it("shortens addresses and names", () => {
  expect([shortName({ name: null, email: "kitchen@crepes.test" }), initials({ name: "Dr. Miriam Okafor", email: "" }), initials({ name: null, email: "jl.moreau@x" })]).toEqual(["kitchen", "DO", "JM"]);
});

it("lets no name turn round what stands behind it", () => {
  expect(inFull({ name: "Ada\u202e", email: "oi.live@x.test" })).toBe("Ada <oi.live@x.test>");
  expect(inFull({ name: "\u200b\ufeff", email: "\u202eada@x.test" })).toBe("ada@x.test");
  expect([nameOf({ name: "\u2066\u200b", email: "ada@x" }), nameOf({ name: "نیم\u200cفاصله", email: "" })]).toEqual(["ada@x", "نیم\u200cفاصله"]);
});
