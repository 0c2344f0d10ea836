import { expect, it } from "vitest";
import { localText, moments, utcText } from "./moments";

const offered = (text: string) => moments(new Date(text)).map((one) => `${one.name} ${localText(one.at)}`);

it("offers what is still to come", () => {
  expect(offered("2026-11-18T09:30:20")).toEqual([
    "later 2026-11-18T12:30", "evening 2026-11-18T18:00", "tomorrow 2026-11-19T08:00", "weekend 2026-11-21T08:00", "week 2026-11-23T08:00",
  ]);
  expect(offered("2026-11-20T20:00")).toEqual(["tomorrow 2026-11-21T08:00", "week 2026-11-23T08:00"]);
  expect(offered("2026-11-22T10:00").at(-1)).toBe("tomorrow 2026-11-23T08:00");
});

it("writes times as they are asked for", () => {
  expect(utcText(new Date("2026-11-18T09:30:20.123Z"))).toBe("2026-11-18T09:30:20Z");
});
