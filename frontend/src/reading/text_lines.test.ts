import { expect, it } from "vitest";
import { growth } from "../testing/growth";
import { type Block, blocksOf, piecesOf } from "./text_lines";

it("finds links and leaves the full stop behind them", () => {
  expect(piecesOf("see https://a.test/x?y=1. Or a.b@c.test, thanks")).toEqual([
    { text: "see " }, { text: "https://a.test/x?y=1", href: "https://a.test/x?y=1" }, { text: ". Or " },
    { text: "a.b@c.test", href: "mailto:a.b@c.test" }, { text: ", thanks" },
  ]);
});

it("has no blocks where there is no text", () => {
  expect(blocksOf("")).toEqual([]);
});

it("makes no link of javascript:", () => {
  expect(piecesOf("javascript:alert(1) data:text/html,x")).toEqual([{ text: "javascript:alert(1) data:text/html,x" }]);
});

it("nests what is quoted, and knows a signature", () => {
  const blocks = blocksOf("yes\n> > why?\n> because\n-- \nBob");
  expect(blocks.map((block) => block.kind)).toEqual(["text", "quote", "signature"]);
  expect(blocks[1]).toMatchObject({ blocks: [{ kind: "quote" }, { kind: "text" }] });
});

it("survives a thousand levels of quoting", () => {
  expect(blocksOf(">".repeat(1000) + " deep")).toHaveLength(1);
});

it("finds an address with a long name, or none of it", () => {
  expect(piecesOf(`to ${"a".repeat(64)}@b.test`)[1]).toMatchObject({ href: `mailto:${"a".repeat(64)}@b.test` });
  const tooLong = `${"a.".repeat(40)}b@c.test`;
  expect(piecesOf(tooLong)).toEqual([{ text: tooLong }]);
  expect(piecesOf("-- x.y@c-d.e.test.")[1]).toEqual({ text: "x.y@c-d.e.test", href: "mailto:x.y@c-d.e.test" });
});

it.each(["a.", "a..", "a-.+", "a", "@a.-", "a@a.", "a@-.", "https://", "https://,"])("takes no more time for each character of a long text: %s", (piece) => {
  expect(growth((size) => () => piecesOf(piece.repeat(size)), 1000, 16)).toBeLessThan(80);
});

it("makes no more pieces of a page than can be drawn, and leaves no word out", () => {
  const count = (blocks: Block[]): number => blocks.reduce((sum, one) => sum + 1 + (one.kind === "quote" ? count(one.blocks) : 0), 0);
  const words = (blocks: Block[]): string => blocks.map((one) => (one.kind === "quote" ? words(one.blocks) : one.pieces.map(({ text }) => text).join(""))).join("\n");
  const blocks = blocksOf("a\n>b\n".repeat(50_000));
  expect(count(blocks)).toBeLessThan(4100);
  expect(words(blocks).match(/[ab]/g)).toHaveLength(100_000);
});
