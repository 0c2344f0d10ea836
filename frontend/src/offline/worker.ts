// The service worker: the page and the files that it is made of, kept so that they are there without a connection. Scope /mail/.
// Names of files have hashes, so what is kept is never old; the page itself is asked for each time. Mail is not its business: see store.ts.
const BASE = "/mail/";
const FILES = "postroom-files";
const LIST = `${BASE}files.json`;
const BESIDE = ["icon.svg", "icon-192.png", "manifest.webmanifest"].map((name) => BASE + name);

// The types of service workers stand against those of pages, so only what is used is declared.
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchLike extends Extendable {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Installing extends Extendable {
  addRoutes?(rules: readonly object[]): Promise<void>;
}
interface Clicked extends Extendable {
  notification: Notification;
}
interface Page {
  url: string;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}
interface Worker extends EventTarget {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void>; matchAll(options: object): Promise<Page[]>; openWindow(url: string): Promise<unknown> };
}
const worker = self as unknown as Worker;

worker.addEventListener("install", (event) => {
  passBy(event as Installing);
  (event as Extendable).waitUntil(keepAll().then(() => worker.skipWaiting()));
});
worker.addEventListener("activate", (event) => (event as Extendable).waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  const { request, respondWith } = { request: (event as FetchLike).request, respondWith: (answer: Promise<Response>) => (event as FetchLike).respondWith(answer) };
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !pathname.startsWith(BASE)) return;
  if (request.mode === "navigate") {
    if (!pathname.slice(BASE.length).includes(".")) respondWith(page(event as Extendable));
  } else if (pathname.startsWith(`${BASE}assets/`)) respondWith(file(event as FetchLike));
  else if (BESIDE.includes(pathname)) respondWith(beside(request));
});

// Mail is asked for past the worker where the browser can do that: it is not woken for it, and does not heap up what it has been told of.
function passBy(event: Installing): void {
  const ways = ["/jmap/*", `${BASE}image/*`].map((pathname) => ({ condition: { urlPattern: { pathname } }, source: "network" }));
  void event.addRoutes?.(ways)?.catch((error: unknown) => console.info("every request goes through the service worker", error));
}

/** From the network, and when there is none the one that was kept. A new page has new files. */
async function page(event: Extendable): Promise<Response> {
  const kept = await keptOf(BASE);
  try {
    const fresh = await fetch(BASE, { cache: "no-cache" });
    if (fresh.ok && fresh.headers.get("etag") !== kept?.headers.get("etag")) event.waitUntil(keepAll().catch(noRoom));
    return fresh;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function file(event: FetchLike): Promise<Response> {
  const { request } = event;
  const kept = await keptOf(request);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) event.waitUntil(put(request, fresh.clone()).catch(noRoom));
  return fresh;
}

async function put(request: Request, fresh: Response): Promise<void> {
  await (await caches.open(FILES)).put(request, fresh);
}

function keptOf(what: Request | string): Promise<Response | undefined> {
  return caches.open(FILES).then((cache) => cache.match(what)).catch(noRoom);
}

// The disk may be full, or the browser keep nothing: the page works without, as long as there is a connection.
function noRoom(error: unknown): undefined {
  console.info("nothing is kept", error);
}

async function beside(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(FILES)).match(request);
    if (kept) return kept;
    throw error;
  }
}

/** Fetches the page and every file of it, and forgets those of older pages but the last. */
async function keepAll(): Promise<void> {
  const cache = await caches.open(FILES);
  const names = ((await (await fetch(LIST, { cache: "no-cache" })).json()) as string[]).map((name) => BASE + name);
  const missing = [];
  for (const name of names) if (!(await cache.match(name))) missing.push(name);
  await cache.addAll([...missing, ...BESIDE]);
  const wanted = new Set([...names, ...(await namesBefore(cache, names))]);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname.startsWith(`${BASE}assets/`) && !wanted.has(pathname)) await cache.delete(url);
  }
  await cache.add(new Request(BASE, { cache: "no-cache" })); // last: a page that is kept has its files
}

// The files of the page before: a window of it may be open still, and asks for one when something is begun in it that it has not begun yet.
async function namesBefore(cache: Cache, names: readonly string[]): Promise<readonly string[]> {
  const told = await cache.match(LIST);
  const [last = [], before = []] = (told ? await told.json() : []) as string[][];
  if (last.join() === names.join()) return before;
  await cache.put(LIST, new Response(JSON.stringify([names, last])));
  return last;
}

// Who clicks at what a notification tells of gets to see it, in a window that is there if there is one.
worker.addEventListener("notificationclick", (event) => {
  const { notification } = event as Clicked;
  const path = (notification.data as { path?: string } | null)?.path ?? "/";
  notification.close();
  const show = async () => {
    const open = (await worker.clients.matchAll({ type: "window" })).find((one) => new URL(one.url).pathname.startsWith(BASE));
    if (!open) return worker.clients.openWindow(BASE.slice(0, -1) + path);
    open.postMessage({ go: path });
    return open.focus();
  };
  (event as Extendable).waitUntil(show());
});
