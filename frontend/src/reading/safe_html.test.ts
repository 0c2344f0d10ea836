import { expect, it, vi } from "vitest";
import { answerWith } from "../testing/fake_server";
import { safeHtml } from "./safe_html";

vi.mock("./purified", () => ({ purified: (html: string) => ({ whole: html, folded: null, deceptive: [] }) }));

it("makes a document once, and anew before the addresses of its pictures are too old", async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 0, 1) });
  vi.stubGlobal("location", new URL("http://127.0.0.1:2580/mail/"));
  const asked = answerWith({ "MessageHtml/get": () => ({ html: "<p>" }) });
  const wish = { remote: true, dark: false };
  await Promise.all([safeHtml("M1", wish), safeHtml("M1", wish)]);
  vi.setSystemTime(Date.UTC(2026, 0, 1, 5, 0));
  await safeHtml("M1", wish);
  expect(asked).toHaveLength(1);
  vi.setSystemTime(Date.UTC(2026, 0, 2, 0, 0)); // a day is what they are good for at least
  expect((await safeHtml("M1", wish)).whole).toBe("<p>");
  expect(asked).toHaveLength(2);
  vi.useRealTimers();
});
