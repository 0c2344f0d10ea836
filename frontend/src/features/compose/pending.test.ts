import { beforeEach, expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../../testing/fake_server";
import type { EmailRow } from "../../jmap/records";
import { keepRows } from "../../state/emails";
import { toasts } from "../../state/toasts";
import { undoable } from "../../state/undo";
import type { Draft } from "./draft";
import { afterwards } from "./handing_in";
import { markOf } from "./marks";
import { callBack, hold, release } from "./pending";
import { type Held, held } from "./windows";

vi.mock("./kept", () => ({ keepHeld: () => {}, keptHeld: () => [] }));
const openDraft = vi.hoisted(() => vi.fn(async () => {}));
vi.mock("./open", () => ({ openDraft }));
const kept = vi.hoisted((): Record<string, unknown> => ({}));
vi.mock("../../state/preferences", () => ({
  preference: (part: string, otherwise: unknown) => kept[part] ?? otherwise,
  prefer: async (part: string, value: unknown) => void (kept[part] = value),
}));
vi.mock("../../state/mailboxes", () => ({ needRole: async (role: string) => role, mailboxState: "", loadMailboxes: async () => {} }));

const one = () => ({ submissionId: "S1", emailId: "M1", until: Date.now() + 10_000 }) as unknown as Held;

beforeEach(() => {
  stubBrowser();
  held.value = [];
  undoable.value = [];
});

it("has one way back, which goes when it was gone", async () => {
  answerWith({ "EmailSubmission/set": () => ({ notUpdated: null }) });
  const sent = one();
  hold(sent);
  expect(undoable.value).toHaveLength(1);
  await callBack(sent);
  expect([held.value, undoable.value]).toEqual([[], []]);
});

it("can be called back again when the server was not reached", async () => {
  answerWith({ "EmailSubmission/set": () => { throw { type: "serverUnavailable" }; } });
  const sent = one();
  hold(sent);
  await expect(callBack(sent)).rejects.toThrow();
  expect([held.value.length, undoable.value.length]).toEqual([1, 1]);
  release(sent);
  expect([held.value, undoable.value]).toEqual([[], []]);
});

it("takes the mark off what was answered only where this answer has put it there", async () => {
  const updates: unknown[] = [];
  const original = { id: "O", keyword: "$answered" as const };
  vi.stubGlobal("navigator", { languages: ["en"] });
  vi.stubGlobal("window", globalThis);
  openDraft.mockClear();
  answerWith({ "EmailSubmission/set": () => ({ notUpdated: null }), "Email/set": ({ update }) => (updates.push(update), {}) });
  for (const keywords of [{}, { $answered: true }]) {
    keepRows([{ id: "O", threadId: "T", keywords, mailboxIds: {} } as unknown as EmailRow]);
    await afterwards({ subject: "", original } as Draft, null, { emailId: "M1", submissionId: "S1", at: new Date(Date.now() + 3_600_000) });
    toasts.value.at(-1)?.action?.run();
    await vi.waitFor(() => expect(openDraft).toHaveBeenCalledTimes(Object.keys(keywords).length + 1));
  }
  const [marks, off] = [{ O: { "keywords/$answered": true } }, { O: { "keywords/$answered": null } }];
  expect(updates).toEqual([marks, off, marks]);
});

it("remembers for all browsers what a letter that waits has marked, as long as it waits", async () => {
  const original = { id: "O", keyword: "$answered" as const };
  vi.stubGlobal("window", globalThis);
  kept["scheduled"] = { gone: original };
  const at = new Date(Date.now() + 3_600_000);
  answerWith({ "EmailSubmission/get": () => ({ list: [{ id: "S1", emailId: "M1", sendAt: at.toISOString() }, { id: "S2", emailId: "M2", sendAt: at.toISOString() }] }) });
  keepRows([{ id: "O", threadId: "T", keywords: {}, mailboxIds: {} } as unknown as EmailRow]);
  await afterwards({ subject: "", original } as Draft, null, { emailId: "M1", submissionId: "S1", at });
  await vi.waitFor(() => expect(markOf("S1")).toEqual(original));
  keepRows([{ id: "O", threadId: "T", keywords: { $answered: true }, mailboxIds: {} } as unknown as EmailRow]);
  await afterwards({ subject: "", original } as Draft, null, { emailId: "M2", submissionId: "S2", at });
  expect([markOf("S2"), markOf("gone")]).toEqual([null, null]); // another answer has left before
});
