import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { stubBrowser } from "../testing/fake_server";
import { jmap } from "./client";
import type { Session } from "./records";
import { upload } from "./upload";

class FakeRequest {
  static all: FakeRequest[] = [];
  upload: { onprogress?: (event: object) => void } = {};
  onload = () => {};
  onerror = () => {};
  onabort = () => {};
  status = 0;
  statusText = "";
  responseText = "";
  over = false;
  open() {}
  setRequestHeader() {}
  send() {
    FakeRequest.all.push(this);
  }
  abort() {
    this.over = true;
    this.onabort();
  }
  answer(status: number, body: object) {
    Object.assign(this, { status, responseText: JSON.stringify(body), over: true });
    this.onload();
  }
}

const under = () => FakeRequest.all.filter((one) => !one.over);
const file = new File(["x"], "x.txt");
const wish = { onProgress: () => {}, wanted: () => true };

beforeEach(() => {
  vi.useFakeTimers();
  stubBrowser();
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
  FakeRequest.all = [];
  const capabilities = { "urn:ietf:params:jmap:core": { maxConcurrentUpload: 4 } };
  jmap.take({ uploadUrl: "/jmap/upload/{accountId}", capabilities, accounts: { A1: {} }, primaryAccounts: {} } as unknown as Session);
});
afterEach(() => vi.useRealTimers());

it("has fewer on their way than the server takes, and the others wait", async () => {
  const all = Array.from({ length: 8 }, () => upload(file, wish));
  let most = 0;
  for (let number = 0; number < 8; number++) {
    await vi.advanceTimersByTimeAsync(0);
    most = Math.max(most, under().length);
    under()[0]?.answer(201, { blobId: `b${number}` });
  }
  expect(most).toBe(3);
  expect(await Promise.all(all)).toEqual(["b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"]);
});

it("asks again where other windows keep the server busy", async () => {
  const found = upload(file, wish);
  await vi.advanceTimersByTimeAsync(0);
  under()[0]?.answer(400, { type: "urn:ietf:params:jmap:error:limit", limit: "maxConcurrentUpload" });
  await vi.advanceTimersByTimeAsync(2000);
  under()[0]?.answer(201, { blobId: "b" });
  expect(await found).toBe("b");
});

it("gives up when nothing moves, and what nobody wants any more, and both make room", async () => {
  const dead = expect(upload(file, wish)).rejects.toMatchObject({ status: 0 });
  let wanted = true;
  const dropped = expect(upload(file, { ...wish, wanted: () => wanted })).rejects.toMatchObject({ status: 0 });
  await vi.advanceTimersByTimeAsync(100_000);
  under()[1]?.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 2 });
  await vi.advanceTimersByTimeAsync(30_000);
  await dead;
  expect(under()).toHaveLength(1);
  wanted = false;
  await vi.advanceTimersByTimeAsync(1000);
  await dropped;
  const next = upload(file, wish);
  await vi.advanceTimersByTimeAsync(0);
  under()[0]?.answer(201, { blobId: "b" });
  expect(await next).toBe("b");
});
