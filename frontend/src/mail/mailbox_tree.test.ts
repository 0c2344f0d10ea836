import { expect, it } from "vitest";
import type { Mailbox } from "../jmap/records";
import { type TreeNode, linesOf, treeOf } from "./mailbox_tree";

const box = (id: string, name: string, role: Mailbox["role"] = null, parentId: string | null = null) => ({ id, name, role, parentId, sortOrder: 0 }) as Mailbox;
const written = (nodes: TreeNode[]): string[] => nodes.flatMap((node) => ["-".repeat(node.depth) + node.mailbox.name, ...written(node.children)]);
const compare = new Intl.Collator("en", { numeric: true }).compare;

it("puts those with a role first, in their order, and the rest by name", () => {
  const boxes = [box("1", "b10"), box("2", "b9"), box("3", "Trash", "trash"), box("4", "Inbox", "inbox"), box("5", "child", null, "1")];
  expect(written(treeOf(boxes, compare))).toEqual(["Inbox", "Trash", "b9", "b10", "-child"]);
});

it("shows a mailbox whose parent is not to be seen at the top", () => {
  expect(written(treeOf([box("1", "a", null, "gone")], compare))).toEqual(["a"]);
});

it("has a line for each that is not below a folded one", () => {
  const nodes = treeOf([box("1", "a"), box("2", "b", null, "1"), box("3", "c", null, "2"), box("4", "d")], compare);
  const names = (...folded: string[]) => linesOf(nodes, new Set(folded)).map((node) => node.mailbox.name).join("");
  expect([names(), names("2"), names("1", "2"), names("4")]).toEqual(["abcd", "abd", "ad", "abcd"]);
});
