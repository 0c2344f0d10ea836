import { effect } from "@preact/signals";
import { afterEach, expect, it, vi } from "vitest";

afterEach(() => vi.useRealTimers());

it("says the day of what came today once it is yesterday, in a window that nobody touches", async () => {
  vi.useFakeTimers({ now: new Date(2026, 11, 31, 23, 59, 30) });
  vi.stubGlobal("navigator", { languages: ["en-GB"] });
  const { shortDate } = await import("./dates");
  const seen: string[] = [];
  effect(() => void seen.push(shortDate(new Date(2026, 11, 31, 23, 50).toISOString())));
  expect(seen).toEqual([expect.stringMatching(/50/)]);
  await vi.advanceTimersByTimeAsync(90_000);
  expect(seen.slice(1)).toEqual(["Thu"]);
});
