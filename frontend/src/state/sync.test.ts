import { beforeEach, expect, it, vi } from "vitest";
import type { EmailRow, Id, Session } from "../jmap/records";
import { offline } from "../offline/keeper";
import { type Answering, answerWith, stubBrowser } from "../testing/fake_server";
import { forgetAll, keepBodies, keepRows, keepThreads, peekRow, peekThread } from "./emails";
import { listed, refreshList, show, source } from "./list";
import { catchUp, startSync } from "./sync";
import { openThread } from "./thread";
import { toasts } from "./toasts";

const row = (id: Id) => ({ id, threadId: `T${id.slice(1, 2)}`, keywords: {}, mailboxIds: { I: true } }) as unknown as EmailRow;
const failing = (type: string) => () => {
  throw { type };
};
// The conversation T1 has grown: an answer, M1a, has come.
const grown: Answering = {
  "Email/get": (args) => ({ state: "7", list: ((args["ids"] as Id[] | undefined) ?? ["M1", "M1a"]).map(row), notFound: [] }),
  "Thread/get": () => ({ list: [{ id: "T1", emailIds: ["M1", "M1a"] }] }),
};

beforeEach(async () => {
  stubBrowser();
  vi.stubGlobal("window", { setTimeout: () => 0, clearTimeout: () => {} });
  vi.stubGlobal("EventSource", class extends EventTarget { close = () => {}; });
  answerWith({});
  await startSync({ eventSourceUrl: "/jmap/events" } as Session);
  vi.spyOn(console, "error").mockImplementation(() => {});
  forgetAll();
  keepRows([row("M1"), row("M2")]);
  keepThreads([{ id: "T1", emailIds: ["M1"] }, { id: "T2", emailIds: ["M2"] }]);
  keepBodies([{ id: "M1" } as never]);
  openThread.value = { id: "T1", emailIds: ["M1"], ready: true };
  toasts.value = [];
});

it("looks at the open conversation when too much has changed to be told", async () => {
  answerWith({ ...grown, "Email/changes": failing("cannotCalculateChanges") });
  await catchUp();
  expect(openThread.value?.emailIds).toEqual(["M1", "M1a"]);
  expect([peekRow("M1")?.id, peekRow("M2"), peekThread("T2")]).toEqual(["M1", undefined, undefined]);
  expect(toasts.value).toEqual([]);
});

it("asks again from where it was when the server could not tell", async () => {
  const since = (asked: ReturnType<typeof answerWith>) => asked.find(([name]) => name === "Email/changes")?.[1]["sinceState"];
  const before = answerWith({ ...grown, "Email/changes": failing("serverUnavailable") });
  await catchUp();
  expect(toasts.value.map((one) => one.kind)).toEqual(["problem"]);
  expect(peekRow("M2")).toBeDefined();
  const after = answerWith(grown);
  await catchUp();
  expect(since(after)).toBe(since(before));
});

it("closes nothing and fetches no text when nothing has come to the open conversation", async () => {
  const same = { ...grown, "Thread/get": () => ({ list: [{ id: "T1", emailIds: ["M1"] }] }) };
  const asked = answerWith({ ...same, "Email/changes": failing("cannotCalculateChanges") });
  await catchUp();
  expect(openThread.value?.emailIds).toEqual(["M1"]);
  expect(asked.some(([, args]) => args["fetchTextBodyValues"])).toBe(false);
});

it("counts an email that is no more out of its conversation", async () => {
  keepRows([row("M1"), row("M1a")]);
  keepThreads([{ id: "T1", emailIds: ["M1", "M1a"] }]);
  openThread.value = null;
  answerWith({ "Email/changes": () => ({ newState: "8", created: [], updated: [], destroyed: ["M1a"], hasMoreChanges: false }) });
  await catchUp();
  expect(peekThread("T1")).toEqual(["M1"]);
});

it("keeps the list as it is when the server does not answer, and asks for what is missing once it does", async () => {
  source.value = { key: "inbox", path: "/", title: "Inbox", filter: {} };
  const { window } = listed.peek();
  window.fill({ queryState: "1", canCalculateChanges: true, position: 0, ids: ["M1"], total: 1 });
  vi.stubGlobal("fetch", async () => new Response("", { status: 503 }));
  await catchUp();
  expect(window.at(0)).toBe("M1");
  window.clear();
  const { version } = listed.peek();
  answerWith(grown);
  await catchUp();
  expect(listed.peek().version).toBeGreaterThan(version); // drawn anew, which fetches what is not there
});

it("leaves the list on the screen while too much changes to be told, until it has it anew", async () => {
  source.value = { key: "inbox", path: "/", title: "Inbox", filter: {} };
  const { window } = listed.peek();
  window.clear();
  window.fill({ queryState: "1", canCalculateChanges: true, position: 0, ids: ["M1"], total: 1 });
  const anew = { queryState: "2", canCalculateChanges: true, position: 0, ids: ["M1a", "M1"], total: 2 };
  answerWith({ ...grown, "Email/queryChanges": failing("tooManyChanges"), "Email/query": () => anew });
  await catchUp();
  expect(window.at(0)).toBe("M1");
  await show(0, 1);
  expect([window.at(0), window.at(1)]).toEqual(["M1a", "M1"]);
});

it("looks whether a list that was on its way is older than what has changed meanwhile", async () => {
  source.value = { key: "inbox", path: "/", title: "Inbox", filter: {} };
  listed.peek().window.clear();
  const query = { queryState: "1", canCalculateChanges: true, position: 0, ids: ["M1"], total: 1 };
  const asked = answerWith({ ...grown, "Email/query": () => query });
  const coming = show(0, 1);
  await catchUp();
  await coming;
  expect(asked.map(([name]) => name)).toContain("Email/queryChanges");
});

// A list of two chunks, its first known in the first state; the second is asked for while something has come, which `now` says.
function scrolled(queries: object[]): ReturnType<typeof answerWith> {
  source.value = { key: "inbox", path: "/", title: "Inbox", filter: {} };
  const { window } = listed.peek();
  window.clear();
  window.fill({ queryState: "1", canCalculateChanges: true, position: 0, ids: ["M1"], total: 31 });
  const come = { removed: [], added: [{ id: "M1a", index: 0 }], total: 32 };
  const changes: Answering[string] = ({ sinceQueryState: since }) => ({ ...come, oldQueryState: since, newQueryState: since === "1" ? "2" : `${since}+` });
  return answerWith({ ...grown, "Email/queryChanges": changes, "Email/query": () => queries.shift() ?? {} });
}

const second = (queryState: string, id: Id, total: number) => ({ queryState, canCalculateChanges: true, position: 30, ids: [id], total });

it("leaves what is shown when a part that comes late is older than what has changed", async () => {
  const asked = scrolled([second("1", "M30", 31), second("2", "M29", 32)]);
  const { window } = listed.peek();
  const coming = show(30, 31);
  await catchUp();
  await coming;
  expect([window.at(0), window.at(1), window.at(30)]).toEqual(["M1a", "M1", "M29"]);
  expect(asked.filter(([name]) => name === "Email/queryChanges")).toHaveLength(1);
});

it("brings what is shown up to date when a part is newer", async () => {
  const asked = scrolled([second("2", "M29", 32)]);
  const { window } = listed.peek();
  await show(30, 31);
  expect([window.at(0), window.at(1), window.at(30)]).toEqual(["M1a", "M1", "M29"]);
  expect(asked.filter(([name]) => name === "Email/query")).toHaveLength(1);
});

it("keeps what is shown when it is brought up to date by two at once", async () => {
  scrolled([]);
  const { window } = listed.peek();
  await Promise.all([refreshList(), refreshList()]);
  expect([window.at(1), window.queryState]).toEqual(["M1", "2+"]);
});

it("takes a part at last when the list changes without an end", async () => {
  const asked = scrolled(["3", "4", "5", "6"].map((state) => second(state, "M29", 32)));
  const { window } = listed.peek();
  await show(30, 31);
  expect([window.at(0), window.at(30), window.queryState]).toEqual([undefined, "M29", "5"]);
  expect(asked.filter(([name]) => name === "Email/query")).toHaveLength(3);
});

it("takes a part as it was kept when there is no connection", async () => {
  const asked = scrolled([second("0", "M30", 31)]);
  const { window } = listed.peek();
  offline.value = true;
  await show(30, 31);
  offline.value = false;
  expect(window.at(30)).toBe("M30");
  expect(asked.map(([name]) => name)).not.toContain("Email/queryChanges");
});
