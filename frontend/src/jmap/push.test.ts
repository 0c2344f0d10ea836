import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { stubBrowser } from "../testing/fake_server";
import { Push } from "./push";
import type { Session } from "./records";

const CLOSED = 2;

class FakeSource extends EventTarget {
  static readonly CLOSED = CLOSED;
  static made: FakeSource[] = [];
  readyState = 0;

  constructor(readonly url: string) {
    super();
    FakeSource.made.push(this);
  }

  close(): void {
    this.readyState = CLOSED;
  }

  say(name: string, data = "{}"): void {
    this.dispatchEvent(Object.assign(new Event(name), { data }));
  }
}

const session = { eventSourceUrl: "/jmap/events?types={types}&closeafter={closeafter}&ping={ping}" } as Session;
const newest = () => FakeSource.made.at(-1)!;
let live: boolean[] = [];

function started(): Push {
  const push = new Push(session, () => {}, (on) => void live.push(on));
  push.start();
  newest().say("open");
  return push;
}

beforeEach(() => {
  stubBrowser();
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("EventSource", FakeSource);
  FakeSource.made = [];
  live = [];
});
afterEach(() => vi.useRealTimers());

it("connects again when even the pings stay away", () => {
  started();
  const first = newest();
  vi.advanceTimersByTime(160_000);
  expect([first.readyState, live.at(-1)]).toEqual([CLOSED, false]);
  vi.advanceTimersByTime(1000);
  expect(FakeSource.made).toHaveLength(2);
  newest().say("open");
  expect(live.at(-1)).toBe(true);
});

it("stays while there are pings or news", () => {
  started();
  for (let minute = 0; minute < 10; minute++) {
    vi.advanceTimersByTime(60_000);
    newest().say(minute % 2 ? "ping" : "state");
  }
  expect([FakeSource.made.length, live]).toEqual([1, [true]]);
});

it("does not wait for ever for a connection that never opens", () => {
  const push = new Push(session, () => {}, (on) => void live.push(on));
  push.start();
  vi.advanceTimersByTime(160_000);
  expect(FakeSource.made).toHaveLength(2);
  push.stop();
});

it("waits longer after each failure, and connects once", () => {
  started();
  for (let times = 0; times < 3; times++) {
    newest().readyState = CLOSED;
    newest().say("error");
    vi.advanceTimersByTime(30_000);
  }
  expect(FakeSource.made).toHaveLength(4);
});

it("is silent when it was stopped", () => {
  started().stop();
  vi.advanceTimersByTime(1_000_000);
  expect([FakeSource.made.length, live]).toEqual([1, [true]]);
});
