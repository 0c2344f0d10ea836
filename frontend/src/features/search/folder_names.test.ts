import { expect, it } from "vitest";
import type { Mailbox } from "../../jmap/records";
import { treeOf } from "../../mail/mailbox_tree";
import { folderNames, meant } from "./folder_names";

const box = (id: string, name: string, parentId: string | null = null, role: Mailbox["role"] = null) => ({ id, name, role, parentId, sortOrder: 0 }) as Mailbox;
const boxes = [box("1", "Inbox", null, "inbox"), box("2", "Work"), box("3", "Reports", "2"), box("4", "Home"), box("5", "Reports", "4"), box("6", "Bills", "4")];
const names = folderNames(treeOf(boxes, new Intl.Collator("en").compare));

it("has a name of its own for each of two folders that are called alike", () => {
  expect(names.map(({ value }) => value)).toEqual(["inbox", "Home", "Home/Bills", "Home/Reports", "Work", "Work/Reports"]);
});

it("finds what somebody has typed, where it is one", () => {
  const found = (text: string) => meant(names, text)?.mailbox.id;
  expect(["INBOX", "work/reports", "bills", "Reports", "none"].map(found)).toEqual(["1", "3", "6", undefined, undefined]);
});
