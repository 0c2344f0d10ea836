import { expect, it } from "vitest";
import { keywordOf } from "./keyword";

it("is like the name, of signs that a keyword may have", () => {
  const free = () => false;
  expect(keywordOf("Work", free)).toBe("work");
  expect(keywordOf("Crêpes & Café (2026)", free)).toBe("crepes-cafe-2026");
  expect(keywordOf("عمل", free)).toMatch(/^label-\d+$/);
  expect(keywordOf("Work", (one) => one === "work" || one === "work-2")).toBe("work-3");
});
