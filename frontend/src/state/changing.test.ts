import { beforeEach, expect, it } from "vitest";
import type { EmailRow, Id } from "../jmap/records";
import { answerWith, stubBrowser } from "../testing/fake_server";
import { change, destroy } from "./changing";
import { forgetAll, keepRows, peekRow } from "./emails";
import { listed, source } from "./list";
import { undoable } from "./undo";

const row = (id: Id) => ({ id, threadId: `T${id}`, keywords: {}, mailboxIds: { I: true } }) as unknown as EmailRow;
const toTrash = () => ({ mailboxIds: { I: false, T: true } });
const rows = ["M1", "M2"].map(row);
const list = () => [0, 1].map((at) => listed.peek().window.at(at));

beforeEach(() => {
  stubBrowser();
  forgetAll();
  keepRows(rows);
  undoable.value = [];
  source.value = { key: "inbox", path: "/", title: "Inbox", filter: { inMailbox: "I" }, mailboxId: "I" };
  listed.peek().window.clear();
  listed.peek().window.fill({ queryState: "1", canCalculateChanges: true, position: 0, ids: ["M1", "M2"], total: 2 });
});

const isAskedFor = () => listed.peek().window.missing(0, 2, () => true).length > 0;

it("shows what the server has refused as it was, and the rest as changed", async () => {
  answerWith({ "Email/set": () => ({ updated: { M1: null }, notUpdated: { M2: { type: "forbidden", description: "not yours" } } }) });
  await expect(change(rows, toTrash, "Moved")).rejects.toThrow("not yours");
  expect(peekRow("M1")?.mailboxIds).toEqual({ T: true });
  expect(peekRow("M2")?.mailboxIds).toEqual({ I: true });
  expect(isAskedFor()).toBe(true);
});

it("takes nothing back of what is gone already", async () => {
  answerWith({ "Email/set": () => ({ updated: { M1: null }, notUpdated: { M2: { type: "notFound" } } }) });
  await change(rows, toTrash, "Moved");
  expect(peekRow("M2")?.mailboxIds).toEqual({ T: true });
});

it("brings back what was not deleted, with the reason", async () => {
  answerWith({ "Email/set": () => ({ destroyed: ["M1"], notDestroyed: { M2: { type: "forbidden", description: "not yours" } } }) });
  await expect(destroy(rows)).rejects.toThrow("not yours");
  expect(isAskedFor()).toBe(true);
});

it("brings back what the server could not be asked to delete", async () => {
  answerWith({ "Email/set": () => { throw { type: "serverFail" }; } });
  await expect(destroy(rows)).rejects.toThrow("serverFail");
  expect(isAskedFor()).toBe(true);
});

it("deletes at once", async () => {
  answerWith({ "Email/set": () => ({ destroyed: ["M1", "M2"], notDestroyed: null }) });
  const done = destroy(rows);
  expect(list()).toEqual([undefined, undefined]);
  await done;
  expect(isAskedFor()).toBe(false);
});
