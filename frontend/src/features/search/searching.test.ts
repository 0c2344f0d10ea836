import { expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../../testing/fake_server";

stubBrowser();
vi.stubGlobal("navigator", { languages: ["en"] });
vi.stubGlobal("history", { pushState: () => {}, replaceState: () => {} });
const { parse, search } = await import("./searching");

it("is read anew when it is asked for: days go by, and folders are made", async () => {
  answerWith({ "SearchQuery/parse": () => ({ filter: {}, text: "in:plans", meaning: "", terms: [], errors: [{ type: "notAnswered", start: 0, end: 8 }] }) });
  expect(await search("in:plans")).toBe(false);
  vi.setSystemTime(Date.now() + 60_000);
  answerWith({ "SearchQuery/parse": () => ({ filter: { inMailbox: "P" }, text: "in:plans", meaning: "", terms: [], errors: [] }) });
  expect(await search("in:plans")).toBe(true);
  expect((await parse("in:plans")).filter).toEqual({ inMailbox: "P" });
});
