import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EmailRow, Id, Session } from "../jmap/records";
import { setStays } from "../offline/keeper";
import { type Pending, asItWillBe, loadPending, pending } from "../offline/pending";
import { putWaiting } from "../offline/store";
import { type Asked, answerWith, stubBrowser } from "../testing/fake_server";
import { change, destroy } from "./changing";
import { forgetAll, keepRows, peekRow } from "./emails";
import { listed, source } from "./list";
import { startSync, stopSync } from "./sync";
import { undoable } from "./undo";

// The browser's database.
vi.mock("../offline/store", () => {
  const kept = new Map<string, { key: string }>();
  return {
    keep: async () => {}, kept: async () => undefined,
    allWaiting: async (name: string) => (name === "pending" ? [...kept.values()] : []),
    putWaiting: async (_: string, all: { key: string }[]) => all.forEach((one) => kept.set(one.key, one)),
    dropWaiting: async (_: string, keys: string[]) => keys.forEach((key) => kept.delete(key)),
  };
});

const row = (id: Id) => ({ id, threadId: `T${id}`, keywords: {}, mailboxIds: { I: true } }) as unknown as EmailRow;
const toTrash = () => ({ mailboxIds: { I: false, T: true } });
const rows = ["M1", "M2"].map(row);
const list = () => [0, 1].map((at) => listed.peek().window.at(at));

beforeEach(() => {
  stubBrowser();
  vi.stubGlobal("navigator", { languages: ["en"] });
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

describe("of an email that still waits for a change of before", () => {
  const toArchive: Pending = { key: "M1", before: { keywords: {}, mailboxIds: { I: true } }, change: { mailboxIds: { I: false, A: true } }, destroy: false };
  const told = (asked: Asked[]) => asked.filter(([name]) => name === "Email/set").map(([, args]) => args);

  beforeEach(async () => {
    setStays(true);
    await putWaiting("pending", [toArchive]);
    await loadPending();
  });
  afterEach(() => {
    setStays(false);
    pending.value = new Map();
  });

  it("a change is made after the other, as one", async () => {
    const asked = answerWith({ "Email/get": () => ({ list: [row("M1")], state: "3" }), "Email/set": () => ({ updated: { M1: null } }) });
    await change([row("M1")].map((one) => asItWillBe(one)), () => ({ mailboxIds: { A: false, T: true } }), "Moved");
    expect(told(asked)).toMatchObject([{ update: { M1: { "mailboxIds/I": null, "mailboxIds/T": true } }, destroy: [] }]);
    expect([...pending.value]).toEqual([]);
  });

  it("its end is made in place of the other", async () => {
    const asked = answerWith({ "Email/get": () => ({ list: [row("M1")], state: "3" }), "Email/set": () => ({ destroyed: ["M1"] }) });
    await destroy([asItWillBe(row("M1"))]);
    expect(told(asked)).toMatchObject([{ update: {}, destroy: ["M1"] }]);
    expect([...pending.value]).toEqual([]);
  });

  it("what was not made since others have moved it is not shown", async () => {
    answerWith({ "Email/get": () => ({ list: [{ ...row("M1"), mailboxIds: { X: true } }], state: "3" }) });
    await change([row("M1")].map((one) => asItWillBe(one)), () => ({ mailboxIds: { A: false, T: true } }), "Moved");
    expect(peekRow("M1")?.mailboxIds).toEqual({ X: true });
  });

  it("a change of others goes by itself", async () => {
    const asked = answerWith({ "Email/set": () => ({ updated: { M2: null } }) });
    await change([row("M2")], toTrash, "Moved");
    expect(told(asked)).toEqual([{ accountId: "A1", update: { M2: { "mailboxIds/I": null, "mailboxIds/T": true } } }]);
    expect([...pending.value.keys()]).toEqual(["M1"]);
  });
});

it("takes back what was refused, and nothing that was done since", async () => {
  answerWith({
    "Email/set": (args) => (JSON.stringify(args).includes("$flagged") ? { notUpdated: { M1: { type: "forbidden" } } } : {}),
  });
  const starred = change([rows[0]!], () => ({ keywords: { $flagged: true } }), "").catch(() => {});
  const read = change([rows[0]!], () => ({ keywords: { $seen: true } }), "");
  await Promise.all([starred, read]);
  expect(peekRow("M1")?.keywords).toEqual({ $seen: true });
});

it("shows what is on its way to the server also where an answer is older, and no longer", async () => {
  let told = () => {};
  answerWith({ "Email/set": () => (told(), { updated: { M1: null } }) });
  told = () => keepRows([row("M1")]); // asked before, answered now
  await change([row("M1")], () => ({ keywords: { $flagged: true } }), "");
  expect(peekRow("M1")?.keywords).toEqual({ $flagged: true });
  keepRows([row("M1")]);
  expect(peekRow("M1")?.keywords).toEqual({});
});

it("shows what others have done since it was told", async () => {
  vi.stubGlobal("window", { setTimeout: () => 0, clearTimeout: () => {} });
  vi.stubGlobal("EventSource", class extends EventTarget { close = () => {}; });
  answerWith({});
  await startSync({ eventSourceUrl: "/jmap/events" } as Session);
  const changes = () => (keepRows([row("M1")]), { newState: "2", hasMoreChanges: false, created: [], updated: [], destroyed: [] });
  answerWith({ "Email/set": () => ({ updated: { M1: null } }), "Email/changes": changes });
  await change([row("M1")], () => ({ keywords: { $flagged: true } }), "");
  stopSync();
  expect(peekRow("M1")?.keywords).toEqual({});
});
