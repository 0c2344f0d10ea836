import { beforeEach, expect, it } from "vitest";
import type { EmailRow, Id } from "../jmap/records";
import { forgetAll, forgetBut, keepRows, keepThreads } from "../state/emails";
import { source } from "../state/list";
import { answerWith, stubBrowser } from "../testing/fake_server";
import { whole } from "./conversations";

const MOST = 500; // what the server takes in one call
const ids = (kind: string, count: number) => Array.from({ length: count }, (_, at) => `${kind}${at}`);
const row = (id: Id) => ({ id, threadId: id.replace(/^[MA]/, "T"), keywords: {}, mailboxIds: { I: true } }) as unknown as EmailRow;
const bounded = (asked: unknown) => {
  const wanted = asked as Id[];
  if (wanted.length > MOST) throw { type: "requestTooLarge" };
  return wanted;
};

// Each conversation has a message M and an answer A.
const server = {
  "Email/get": (args: Record<string, unknown>) => ({ state: "1", list: bounded(args["ids"]).map(row) }),
  "Thread/get": (args: Record<string, unknown>) => ({ list: bounded(args["ids"]).map((id) => ({ id, emailIds: [id.replace("T", "M"), id.replace("T", "A")] })) }),
};

beforeEach(() => {
  stubBrowser();
  forgetAll();
  source.value = { key: "inbox", path: "/", title: "Inbox", filter: { inMailbox: "I" }, mailboxId: "I" };
});

it("fetches what was forgotten of marked conversations, however many", async () => {
  answerWith(server);
  keepRows(ids("M", 1200).map(row));
  forgetBut(new Set(["M7"]), new Set());
  expect((await whole(ids("M", 1200))).map((one) => one.id).sort()).toEqual([...ids("M", 1200), ...ids("A", 1200)].sort());
});

it("has more of them than are kept", async () => {
  answerWith(server);
  expect(await whole(ids("M", 3500))).toHaveLength(7000);
});

it("fetches emails alone for a flat list", async () => {
  answerWith(server);
  source.value = { key: "drafts", path: "/", title: "Drafts", filter: {}, flat: true };
  expect((await whole(ids("M", 600))).map((one) => one.id)).toEqual(ids("M", 600));
});

it("asks for nothing that is known", async () => {
  const asked = answerWith(server);
  keepRows([...ids("M", 3), ...ids("A", 3)].map(row));
  keepThreads(ids("T", 3).map((id) => ({ id, emailIds: [id.replace("T", "M"), id.replace("T", "A")] })));
  expect(await whole(ids("M", 3))).toHaveLength(6);
  expect(asked).toEqual([]);
});

it("leaves out what is no more", async () => {
  answerWith({ ...server, "Email/get": (args) => ({ list: bounded(args["ids"]).filter((id) => id !== "M1").map(row) }) });
  expect((await whole(["M0", "M1"])).map((one) => one.id)).toEqual(["M0", "A0"]);
});
