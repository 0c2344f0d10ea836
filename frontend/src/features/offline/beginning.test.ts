import { beforeEach, expect, it, vi } from "vitest";
import { offline } from "../../offline/keeper";
import { stubBrowser } from "../../testing/fake_server";
import { replayAll } from "./replay";

vi.mock("./replay", () => ({ replayAll: vi.fn(async () => {}) }));
vi.mock("./notifying", () => ({ tellOfArrivals: () => {} }));
// The browser's database: what is put there is not looked at here.
vi.mock("../../offline/store", async () => {
  const { signal } = await import("@preact/signals");
  return { putToWait: signal(0), forget: async () => {}, kept: async () => undefined };
});

beforeEach(() => {
  stubBrowser();
  vi.stubGlobal("navigator", {});
});

it("does what is put to wait just when the connection comes back, and nothing while there is none", async () => {
  const { begin } = await import("./beginning");
  const { putToWait } = await import("../../offline/store");
  await begin();
  expect(replayAll).toHaveBeenCalledTimes(1);
  offline.value = true;
  putToWait.value++;
  expect(replayAll).toHaveBeenCalledTimes(1);
  offline.value = false; // the connection is back before the message lies in the outbox
  expect(replayAll).toHaveBeenCalledTimes(2);
  putToWait.value++;
  expect(replayAll).toHaveBeenCalledTimes(3);
});
