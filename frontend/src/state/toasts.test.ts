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
