import { beforeEach, expect, it, vi } from "vitest";
import type { EmailRow, Id } from "../jmap/records";
import { answerWith, stubBrowser } from "../testing/fake_server";
import { emailBody, forgetAll, peekRow } from "./emails";
import { loadBody, openThread, showThread } from "./thread";
import { toasts } from "./toasts";

const MOST = 500; // what the server gives in one call
const all = (count: number) => Array.from({ length: count }, (_, at) => `M${at}`);
const email = (id: Id) => ({ id, threadId: "T", keywords: {}, mailboxIds: {}, textBody: [] }) as unknown as EmailRow;

function conversationOf(count: number) {
  return answerWith({
    "Thread/get": () => ({ list: [{ id: "T", emailIds: all(count) }] }),
    "Email/get": (args) => {
      const ids = (args["ids"] as Id[] | undefined) ?? all(count);
      if (ids.length > MOST) throw { type: "requestTooLarge" };
      return { state: "1", list: ids.map(email) };
    },
  });
}

beforeEach(() => {
  stubBrowser();
  vi.stubGlobal("navigator", { languages: ["en"] });
  forgetAll();
  openThread.value = null;
  toasts.value = [];
});

it("opens a conversation that is longer than what the server gives at once", async () => {
  conversationOf(1200);
  await showThread("T");
  expect(openThread.value).toMatchObject({ ready: true, emailIds: all(1200) });
  expect(peekRow("M1199")).toBeDefined();
  expect(toasts.value).toEqual([]);
});

it("fetches the text that was not kept of a long conversation", async () => {
  conversationOf(250);
  await showThread("T");
  expect(emailBody("M0")).toBeUndefined();
  expect(await loadBody("M0")).toMatchObject({ id: "M0" });
});

it("does not fetch again what is open", async () => {
  conversationOf(250);
  await showThread("T");
  const asked = conversationOf(250);
  await showThread("T");
  expect(asked).toEqual([]);
});
