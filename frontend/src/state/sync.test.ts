import { beforeEach, expect, it, vi } from "vitest";
import type { EmailRow, Id, Session } from "../jmap/records";
import { type Answering, answerWith, stubBrowser } from "../testing/fake_server";
import { forgetAll, keepBodies, keepRows, keepThreads, peekRow, peekThread } from "./emails";
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
