import { expect, it } from "vitest";
import { fieldValue, moments } from "./times";

const told = (now: Date) => moments(now).map(({ name, at }) => `${name} ${fieldValue(at)}`);

it("offers times that lie ahead", () => {
  expect(told(new Date(2026, 10, 21, 9, 30))).toEqual([
    "later-today 2026-11-21T12:00", "tomorrow-morning 2026-11-22T08:00", "tomorrow-afternoon 2026-11-22T13:00", "monday-morning 2026-11-23T08:00",
  ]);
});

it("says nothing of today when it is late, nor of Monday when that is tomorrow", () => {
  expect(told(new Date(2026, 10, 22, 22, 5))).toEqual(["tomorrow-morning 2026-11-23T08:00", "tomorrow-afternoon 2026-11-23T13:00"]);
});
