import { expect, it, vi } from "vitest";
import { RequestFailed } from "../jmap/client";
import { problem, toasts } from "./toasts";

it("does not call it a fault that what was on its way at the end of a session is refused", () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  problem(new RequestFailed(401, "Authentication credentials invalid"));
  expect([toasts.value, said.mock.calls]).toEqual([[], []]);
  problem(new RequestFailed(500, "Out of order"));
  expect(toasts.value.map((one) => one.text)).toEqual(["Out of order"]);
});

it("says the same problem once, as long as it stands there after the last time", () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.useFakeTimers();
  toasts.value = [];
  for (let times = 0; times < 3; times++) {
    for (let rows = 0; rows < 2; rows++) problem(new Error("No connection"));
    vi.advanceTimersByTime(5000);
    expect(toasts.value.map((one) => one.text)).toEqual(["No connection"]);
  }
  vi.advanceTimersByTime(5000);
  expect(toasts.value).toEqual([]);
  vi.useRealTimers();
});
