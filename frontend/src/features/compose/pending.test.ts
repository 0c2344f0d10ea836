import { beforeEach, expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../../testing/fake_server";
import { undoable } from "../../state/undo";
import { callBack, hold, release } from "./pending";
import { type Held, held } from "./windows";

vi.mock("./kept", () => ({ keepHeld: () => {}, keptHeld: () => [] }));
vi.mock("./open", () => ({ openDraft: async () => {} }));
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
