import { beforeEach, expect, it, vi } from "vitest";
import type { Pending } from "./pending";

// The browser's database, which all windows share.
const kept = new Map<string, Pending>();
vi.mock("./store", () => ({
  allWaiting: async () => [...kept.values()],
  putWaiting: async (_: string, all: readonly Pending[]) => all.forEach((one) => kept.set(one.key, one)),
  dropWaiting: async (_: string, keys: readonly string[]) => keys.forEach((key) => kept.delete(key)),
}));

const ROW = { id: "M1", keywords: {}, mailboxIds: { inbox: true as const } };
const ARCHIVED = { mailboxIds: { inbox: false, archive: true } };
const SEEN = { keywords: { $seen: true } };

async function aWindow(): Promise<typeof import("./pending")> {
  vi.resetModules();
  return import("./pending");
}

beforeEach(() => {
  kept.clear();
  vi.stubGlobal("navigator", {});
});

it("adds to what another window has put here, and takes nothing of it away", async () => {
  const [one, other] = [await aWindow(), await aWindow()];
  await one.wait([ROW], new Map([["M1", ARCHIVED]]));
  await other.wait([ROW], new Map([["M1", SEEN]]));
  expect(kept.get("M1")?.change).toEqual({ ...ARCHIVED, ...SEEN });
  await one.waitToBeDestroyed([ROW as never]);
  await other.wait([ROW], new Map([["M1", SEEN]]));
  expect(kept.get("M1")?.destroy).toBe(true);
});

it("puts what comes at once one behind the other", async () => {
  const one = await aWindow();
  await Promise.all([one.wait([ROW], new Map([["M1", ARCHIVED]])), one.wait([ROW], new Map([["M1", SEEN]]))]);
  expect(kept.get("M1")?.change).toEqual({ ...ARCHIVED, ...SEEN });
  expect(one.pending.peek().get("M1")?.change).toEqual({ ...ARCHIVED, ...SEEN });
});
