import { beforeEach, expect, it, vi } from "vitest";

type Listener = (event: object) => void;
const listeners = new Map<string, Listener>();
const full = () => Promise.reject(new DOMException("full", "QuotaExceededError"));

beforeEach(async () => {
  vi.resetModules();
  vi.stubGlobal("location", new URL("http://127.0.0.1:2580/mail/"));
  vi.stubGlobal("self", { addEventListener: (name: string, listener: Listener) => listeners.set(name, listener) });
  vi.stubGlobal("fetch", async () => new Response("fresh", { headers: { etag: "2" } }));
  await vi.importActual("./worker");
});

async function asked(path: string, mode = "cors"): Promise<string> {
  let given: Promise<Response> = Promise.reject(new Error("nothing"));
  given.catch(() => {});
  const later: Promise<unknown>[] = [];
  const request = { method: "GET", url: `http://127.0.0.1:2580${path}`, mode };
  listeners.get("fetch")?.({ request, respondWith: (answer: Promise<Response>) => (given = answer), waitUntil: (work: Promise<unknown>) => later.push(work) });
  const text = await (await given).text();
  await Promise.allSettled(later);
  return text;
}

it("gives what it has fetched when the browser has no room to keep it", async () => {
  vi.stubGlobal("caches", { open: async () => ({ match: async () => undefined, put: full }) });
  expect(await asked("/mail/assets/contacts-1.js")).toBe("fresh");
});

it("gives what it can fetch when nothing can be kept at all", async () => {
  vi.stubGlobal("caches", { open: full });
  expect(await asked("/mail/folder/inbox", "navigate")).toBe("fresh");
  expect(await asked("/mail/assets/contacts-1.js")).toBe("fresh");
});
