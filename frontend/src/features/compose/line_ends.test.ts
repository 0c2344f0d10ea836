import { expect, test } from "vitest";
import { withoutLooseEnds } from "./line_ends";

test("spaces at the ends of lines go, but for one behind words, and so do empty lines at the end", () => {
  expect(withoutLooseEnds("a \n-- \nb  \n \t\n\nc\t\n \n\n")).toBe("a \n-- \nb\n\n\nc");
});

test("runs of spaces and of empty lines take no longer than other text", () => {
  const run = `${" ".repeat(400_000)}a`;
  expect(withoutLooseEnds(`${run}\n${"\n".repeat(400_000)}a`).length).toBe(400_001 + 400_001 + 1);
});
