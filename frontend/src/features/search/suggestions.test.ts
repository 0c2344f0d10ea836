import { expect, it } from "vitest";
import { suggestions } from "./suggestions";

const names = { in: ["inbox", "My folder"], label: ["work"] };
const shown = (text: string) => suggestions(text, names).map((one) => one.text);

it("offers operators for what is begun", () => {
  expect(shown("ketchup fr")).toEqual(["ketchup from:"]);
  expect(shown("-i")).toEqual(["-in:", "-is:"]);
  expect(shown("{to:a c")).toEqual(["{to:a cc:"]);
  expect(shown("ketchup ")).toEqual([]);
  expect(shown('"fr')).toEqual([]);
});

it("offers what an operator takes", () => {
  expect(shown("is:unr")).toEqual(["is:unread "]);
  expect(shown("in:fold")).toEqual(['in:"My folder" ']);
  expect(shown("label:")).toEqual(["label:work "]);
  expect(shown("from:a")).toEqual([]);
  expect(shown("in:inbox")).toEqual([]);
});

it("writes names so that they are read as they are", () => {
  const odd = suggestions("in:disk", { in: ['5" disks', "disks„“"] }).map((one) => one.text);
  expect(odd).toEqual(['in:"5\\" disks" ', 'in:"disks„“" ']);
});
