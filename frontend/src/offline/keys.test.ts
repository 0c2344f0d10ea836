import { expect, test } from "vitest";
import { isReading, keysOf } from "./keys";

const batch = (one: string, two: string, position: number) => [
  { name: "Email/query", args: { accountId: "A1", position, filter: {} }, callId: one },
  { name: "Email/get", args: { accountId: "A1", "#ids": { resultOf: one, name: "Email/query", path: "/ids" } }, callId: two },
];

test("the same calls have the same keys, whatever they are numbered", () => {
  expect(keysOf(batch("c1", "c2", 0))).toEqual(keysOf(batch("c8", "c9", 0)));
});

test("what is referred to counts", () => {
  expect(keysOf(batch("c1", "c2", 0))[1]).not.toEqual(keysOf(batch("c1", "c2", 50))[1]);
});

test("the order of arguments does not", () => {
  const [one] = keysOf([{ name: "Thread/get", args: { ids: ["T"], accountId: "A" }, callId: "1" }]);
  expect(keysOf([{ name: "Thread/get", args: { accountId: "A", ids: ["T"] }, callId: "2" }])).toEqual([one]);
});

test("only reading calls are kept", () => {
  expect(["Email/get", "Email/query", "Email/set", "Email/changes", "Email/queryChanges", "ContactCard/parse"].map(isReading)).toEqual([true, true, false, false, false, true]);
});
