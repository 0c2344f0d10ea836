import { expect, it } from "vitest";
import { blocksOf, piecesOf } from "./text_lines";

it("finds links and leaves the full stop behind them", () => {
  expect(piecesOf("see https://a.test/x?y=1. Or a.b@c.test, thanks")).toEqual([
    { text: "see " }, { text: "https://a.test/x?y=1", href: "https://a.test/x?y=1" }, { text: ". Or " },
    { text: "a.b@c.test", href: "mailto:a.b@c.test" }, { text: ", thanks" },
  ]);
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
