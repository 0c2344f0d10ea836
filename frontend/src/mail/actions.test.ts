import { beforeEach, expect, it, vi } from "vitest";
import type { EmailRow, Id, Mailbox } from "../jmap/records";
import { forgetAll, keepRows, keepThreads } from "../state/emails";
import { listShown, listed, source } from "../state/list";
import { mailboxes } from "../state/mailboxes";
import { answerWith, stubBrowser } from "../testing/fake_server";

stubBrowser(); // the address is read when these are loaded
const { everything, mark } = await import("../state/selection");
const { moveTo } = await import("./actions");
const { mute } = await import("../features/labels/muting");

const row = (id: Id, boxes: Id[] = ["I"]) =>
  ({ id, threadId: `T${id}`, keywords: {}, mailboxIds: Object.fromEntries(boxes.map((box) => [box, true])) }) as unknown as EmailRow;
const inbox = { key: "inbox", path: "/", title: "Inbox", filter: { inMailbox: "I" }, mailboxId: "I" };
const roles = { I: "inbox", A: "archive", S: "sent" };

beforeEach(() => {
  stubBrowser();
  vi.stubGlobal("navigator", { languages: ["en"] });
  forgetAll();
  everything.value = 0;
  listShown.value = true;
  source.value = inbox;
  mailboxes.value = new Map(Object.entries(roles).map(([id, role]) => [id, { id, role, name: role, parentId: null } as unknown as Mailbox]));
  listed.peek().window.clear();
  listed.peek().window.fill({ queryState: "1", canCalculateChanges: true, position: 0, ids: ["M1"], total: 1 });
});

it("moves out of the list in which it was asked for, also when another is opened meanwhile", async () => {
  keepRows([row("M1")]);
  let told = () => {};
  const known = new Promise<void>((resolve) => (told = resolve));
  const asked = answerWith({ "Thread/get": () => ({ list: [{ id: "TM1", emailIds: ["M1", "M2"] }] }), "Email/get": () => ({ state: "1", list: [row("M2", ["S"])] }) });
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", async (...args: Parameters<typeof fetch>) => known.then(() => fetch(...args)));
  const work = moveTo(["M1"], "A");
  source.value = { ...inbox, key: "sent", mailboxId: "S" };
  told();
  await work;
  const update = asked.find(([name]) => name === "Email/set")?.[1]["update"];
  expect(update).toEqual({ M1: { "mailboxIds/I": null, "mailboxIds/A": true } });
});

it("mutes all that a list matches in one change", async () => {
  keepRows([row("M1")]);
  keepThreads([{ id: "TM1", emailIds: ["M1"] }]);
  mark("M1");
  everything.value = 5000;
  const asked = answerWith({ "BulkChange/set": () => ({ created: { made: { id: "B1" } } }) });
  await mute(["M1"]);
  const made = asked.filter(([name]) => name.endsWith("/set")).map(([name, args]) => [name, (args["create"] as { made: object }).made]);
  expect(made).toEqual([["BulkChange/set", expect.objectContaining({ moveTo: "A", moveFrom: "I", keywords: { $muted: true, $seen: true } })]]);
});
