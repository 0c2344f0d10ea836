import { expect, test } from "vitest";
import { tidied } from "./plain_text";

test("spaces at the ends of lines go, and all but one of several empty lines", () => {
  expect(tidied(" a  b \n \t\n\n \nc\n")).toBe("a  b\n\nc");
});

test("a run of spaces takes no longer than other text", () => {
  expect(tidied(`${" ".repeat(400_000)}a\nb`)).toBe("a\nb");
});
