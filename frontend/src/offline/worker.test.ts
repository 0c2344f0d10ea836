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

it("has the files of the page before for a window that is still open, and of none older", async () => {
  const kept = new Map<string, Response>();
  const urlOf = (what: Request | string) => new URL(typeof what === "string" ? what : what.url, location.href).href;
  const put = async (what: Request | string, answer: Response) => void kept.set(urlOf(what), answer);
  const add = (what: Request | string) => put(what, new Response("kept"));
  const cache = {
    match: async (what: Request | string) => kept.get(urlOf(what))?.clone(),
    put, add, addAll: async (all: string[]) => void (await Promise.all(all.map(add))),
    keys: async () => [...kept.keys()].map((url) => ({ url })), delete: async (url: string) => kept.delete(url),
  };
  vi.stubGlobal("caches", { open: async () => cache });
  vi.stubGlobal("Request", class { constructor(readonly url: string) {} });
  const opened = async (version: number) => {
    vi.stubGlobal("fetch", async (what: string) => (what.endsWith(".json") ? Response.json([`assets/a-${version}.js`]) : new Response("", { headers: { etag: String(version) } })));
    await asked("/mail/", "navigate");
    return [...kept.keys()].filter((url) => url.includes("/assets/")).map((url) => url.slice(url.indexOf("/a-") + 1));
  };
  expect(await opened(1)).toEqual(["a-1.js"]);
  expect(await opened(2)).toEqual(["a-1.js", "a-2.js"]);
  expect(await opened(2)).toEqual(["a-1.js", "a-2.js"]);
  expect(await opened(3)).toEqual(["a-2.js", "a-3.js"]);
});
