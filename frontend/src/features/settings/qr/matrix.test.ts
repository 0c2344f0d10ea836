import { expect, test } from "vitest";
import { qrMatrix } from "./matrix";

function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const row of qrMatrix(text)) for (const dark of row) hash = Math.imul(hash ^ (dark ? 1 : 2), 0x01000193) >>> 0;
  return hash.toString(16);
}

// What another encoder has made of the same text, byte mode, level M, in one of its masks.
test.each([
  [1, 21, "adc7e20d"],
  [14, 21, "2313f26d"],
  [63, 37, "84631e2f"],
  [130, 49, "a691731f"],
  [213, 57, "2d51fbad"],
  [300, 69, "a6703ffd"],
  [412, 77, "88fa58d9"],
] as const)("a text of %i octets", (length, size, expected) => {
  const text = "otpauth://totp/x?".repeat(30).slice(0, length);
  expect([qrMatrix(text).length, fingerprint(text)]).toEqual([size, expected]);
});

test("what is too long is said to be", () => {
  expect(() => qrMatrix("x".repeat(413))).toThrow("too long");
});
