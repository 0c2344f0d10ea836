import { beforeEach, expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../testing/fake_server";

stubBrowser();
const { followBulkChanges } = await import("./bulk");

beforeEach(() => void vi.useFakeTimers());

it("looks once a second while the server works, and at the end", async () => {
  let state = 0;
  const asked = answerWith({ "BulkChange/get": () => ({ state: String(state), list: [], notFound: [] }) });
  for (state = 1; state <= 12; state++) {
    void followBulkChanges(String(state));
    await vi.advanceTimersByTimeAsync(200);
  }
  state = 12;
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked).toHaveLength(4); // at 0, 1 and 2 s, and the end
  await followBulkChanges("12");
  expect(asked).toHaveLength(4);
});
