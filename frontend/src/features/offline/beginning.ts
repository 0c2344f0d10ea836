// What begins when the first list is there: the service worker, notifications, and the newest list kept fresh for when there is no connection.
import { effect } from "@preact/signals";
import { ROW_PROPERTIES } from "../../jmap/records";
import { RequestFailed, jmap } from "../../jmap/client";
import { CHUNK } from "../../mail/list_window";
import { offline, stays } from "../../offline/keeper";
import { putToWait } from "../../offline/store";
import { listed, source } from "../../state/list";
import { go } from "../../state/route";
import { problem } from "../../state/toasts";
import { askAgain } from "./again";
import { tellOfArrivals } from "./notifying";
import { replayAll } from "./replay";

const WORKER = "/mail/worker.js";
const REST_MS = 10_000; // that a list has to rest before it is fetched for later

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}

let begun = false;

/** Also when somebody has signed in again in the same window: then only what waits is left to do. */
export async function begin(): Promise<void> {
  if (begun) return replayAll().catch(unlessAway);
  begun = true;
  tellOfArrivals();
  keepListFresh();
  effect(() => {
    void putToWait.value;
    if (!offline.value) void replayAll().catch(unlessAway);
  });
  addEventListener("online", () => void askAgain().catch(problem));
  if ("serviceWorker" in navigator && import.meta.env.PROD) await register();
}

// A connection that breaks again is no news, and the page itself says that the session is over.
function unlessAway(error: unknown): void {
  if (!(error instanceof RequestFailed && [0, 401].includes(error.status))) problem(error);
}

// The one address that a worker may come from; the page's policy asks for that to be said (Trusted Types).
async function register(): Promise<void> {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  const policy = trustedTypes?.createPolicy("postroom-worker", {
    createScriptURL: (url) => {
      if (url !== WORKER) throw new TypeError(url);
      return url;
    },
  });
  navigator.serviceWorker.addEventListener("message", (event) => {
    const path = (event.data as { go?: string } | null)?.go;
    if (path) go(path);
  });
  try {
    await navigator.serviceWorker.register(policy ? policy.createScriptURL(WORKER) : WORKER, { scope: "/mail/" });
  } catch (error) {
    console.info("no service worker", error); // a browser may forbid it, and everything else works without
  }
}

// Push changes rows in the window without asking for the list anew; so that the kept one is not of this morning, it is asked for when it rests.
function keepListFresh(): void {
  let timer = 0;
  effect(() => {
    const shown = source.value;
    void listed.value.version;
    clearTimeout(timer);
    if (!shown || !stays() || offline.value) return;
    timer = window.setTimeout(() => void fetchHead().catch(() => {}), REST_MS);
  });
}

let last = "";

async function fetchHead(): Promise<void> {
  const shown = source.peek();
  const { window: rows } = listed.peek();
  const now = `${shown?.key} ${rows.queryState}`;
  if (!shown || now === last || document.hidden) return;
  last = now;
  const sort = shown.sort ?? [{ property: "receivedAt", isAscending: false }];
  const query = jmap.call("Email/query", { filter: shown.filter, sort, collapseThreads: !shown.flat, position: 0, limit: CHUNK, calculateTotal: true });
  const emails = jmap.call("Email/get", { "#ids": query.at("/ids"), properties: ROW_PROPERTIES });
  const all: Promise<unknown>[] = [query, emails];
  if (!shown.flat) {
    const threads = jmap.call("Thread/get", { "#ids": emails.at("/list/*/threadId") });
    all.push(threads, jmap.call("Email/get", { "#ids": threads.at("/list/*/emailIds"), properties: ROW_PROPERTIES }));
  }
  await Promise.all(all);
}
