import { expect, it } from "vitest";
import { growth } from "../../testing/growth";
import { withoutSignature } from "./quoting";

it("takes no more time for each of many spaces", () => {
  expect(growth((size) => () => withoutSignature(`${" ".repeat(size)}x`), 2000, 16)).toBeLessThan(80);
});
