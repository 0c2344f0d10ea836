import { expect, it } from "vitest";
import { type Base, type Term, isPlain, plainTerms, valuesOf, withValues, without } from "./query_text";

// As the server tells them, for what the tests need.
function base(text: string): Base {
  const terms: Term[] = [...text.matchAll(/(-?)(?:(\w+):)?("[^"]*"|[^\s(){}"]+)/g)]
    .filter((found) => found[0] !== "OR")
    .map((found) => {
      const start = found.index + found[1]!.length;
      const end = found.index + found[0].length;
      const value = found[3]!.replaceAll('"', "");
      return { operator: found[2] ?? "", header: null, value, text: text.slice(start, end), negated: found[1] === "-", meaning: "", start, end };
    });
  return { text, terms };
}

it("shows in the form what stands plainly in the text", () => {
  expect(valuesOf(base('ketchup from:"Alice A" has:attachment "red sauce" larger:1M'))).toEqual({
    words: 'ketchup "red sauce"', from: "Alice A", attachment: "attachment", larger: "1M",
  });
  expect(valuesOf(base("-from:bob {to:a to:b} subject:x OR subject:y"))).toEqual({});
});

it("writes into the text at its place, and leaves the rest alone", () => {
  expect(withValues(base("from:alice -is:read ketchup"), { from: "bob b", words: "ketchup" })).toBe('from:"bob b" -is:read ketchup');
  expect(withValues(base("a {b c} d"), { words: "x y", to: "z" })).toBe("x y {b c} to:z");
  expect(withValues(base("from:alice ketchup"), { words: "ketchup" })).toBe("ketchup");
  expect(withValues(base(""), { attachment: "yes", in: "My folder" })).toBe('has:attachment in:"My folder"');
});

it("is the same both ways", () => {
  const values = { from: "alice", words: "a b", after: "2026-01-02" };
  expect(valuesOf(base(withValues(base(""), values)))).toEqual(values);
});

it("knows what is plain", () => {
  expect(isPlain(base("a -b from:c"))).toBe(true);
  expect(isPlain(base("a OR b"))).toBe(false);
  expect(isPlain(base("{a b}"))).toBe(false);
  expect(plainTerms(base('x (y "(" z) w')).map((term) => term.value)).toEqual(["x", "w"]);
});

it("takes a term out with its minus", () => {
  const given = base("a -is:read b");
  expect(without(given, given.terms[1]!)).toBe("a b");
});
