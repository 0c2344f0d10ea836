import { expect, it, vi } from "vitest";
import type { Command } from "../../commands/command";
import { addKey } from "./capture";

vi.mock("../../state/preferences", () => ({
  preference: () => ({ keys: { "b.two": ["q"], "b.three": [] } }),
  prefer: () => Promise.resolve(),
}));
const { chosenKeys, clashes, isNamed } = await import("../../keys/keymap");
const command = (id: string, keys: string[] = []): Command => ({ id, keys, run: () => {} });

it("takes one key, or two after each other", () => {
  expect(addKey("", "Shift")).toBe("");
  expect(addKey("", "G")).toBe("G");
  expect(addKey("g", "i")).toBe("g i");
  expect(addKey("g i", "x")).toBe("x");
  expect(addKey("g", "Backspace")).toBe("");
  expect(addKey("", " ")).toBe("Space");
});

it("knows which keys a command has, and what they meet", () => {
  const all = [command("a.one", ["g i"]), command("b.two", ["x"]), command("b.three", ["y"]), command("c.on", ["s"]), command("c.off", ["s"])];
  expect(chosenKeys(all[1]!)).toEqual(["q"]);
  expect(chosenKeys(all[2]!)).toEqual([]);
  expect(clashes("q", all[0]!, all).map((one) => one.id)).toEqual(["b.two"]);
  expect(clashes("g", all[1]!, all).map((one) => one.id)).toEqual(["a.one"]);
  expect(clashes("g i x", all[1]!, all).map((one) => one.id)).toEqual(["a.one"]);
  expect(clashes("x", all[0]!, all)).toEqual([]);
  expect(clashes("s", all[3]!, all)).toEqual([]);
});

it("tells keys that nobody types from letters", () => {
  expect(["Escape", "Delete", "j", "g i", "?"].map(isNamed)).toEqual([true, true, false, false, false]);
});
