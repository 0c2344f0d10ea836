import { expect, it } from "vitest";
import { growth } from "../testing/growth";
import { unflowed } from "./flowed";

const flowed = { "header:Content-Type": ' text/plain; charset="utf-8";\r\n Format=Flowed' };
const unspaced = { "header:Content-Type": " text/plain; format=flowed; DelSp=Yes" };

it("puts the lines of a paragraph together, each depth for itself (RFC 3676 §4.5)", () => {
  const text = ">> a \n>> b\n> c \n> d\ne \nf\n\ng";
  expect(unflowed(flowed, text)).toBe(">> a b\n> c d\ne f\n\ng");
});

it("ends a paragraph where the depth changes, and leaves a signature's line alone (§4.3)", () => {
  expect(unflowed(flowed, "> a \nb \n-- \nAlice")).toBe("> a \nb \n-- \nAlice");
});

it("takes one stuffed space off (§4.4), and with DelSp the one at the end (§4.6)", () => {
  expect(unflowed(flowed, " >no quote\n  indented\n From here")).toBe(">no quote\n indented\nFrom here");
  expect(unflowed(unspaced, "ket \nchup\nand  \nmore")).toBe("ketchup\nand more");
});

it("leaves other text as it is", () => {
  expect(unflowed({ "header:Content-Type": " text/plain; charset=utf-8" }, "a \nb")).toBe("a \nb");
  expect(unflowed({}, "a \nb")).toBe("a \nb");
});

it("takes as much longer as the text is", () => {
  const work = (size: number) => {
    const text = `${"> a \n".repeat(size)}${";".repeat(size)}`;
    return () => unflowed(flowed, text);
  };
  expect(growth(work, 2_000, 16)).toBeLessThan(100);
});
