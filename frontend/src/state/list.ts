// The list that is open: which query it shows, and the windows of it that were fetched. Never all ids (RFC 8620 §5.5).
import { signal } from "@preact/signals";
import { MethodError, jmap } from "../jmap/client";
import type { Comparator, Filter } from "../jmap/methods";
import { type Id, ROW_PROPERTIES } from "../jmap/records";
import { CHUNK, ListWindow } from "../mail/list_window";
import { offline } from "../offline/keeper";
import { willBeGoneFrom } from "../offline/pending";
import { keepRows, keepThreads, peekRow } from "./emails";
import { problem } from "./toasts";

/** What a list shows. `key` is the same for the same list; `path` its address without a conversation. */
export interface ListSource {
  key: string;
  path: string;
  title: string;
  filter: Filter;
  sort?: Comparator[];
  /** The mailbox that it shows; things are moved out of it. */
  mailboxId?: Id;
  flat?: boolean; // emails instead of conversations
  /** What is to be marked in a row, once it is known: pieces of its subject and of its text. */
  excerpt?: (id: Id) => Excerpt | undefined;
}

/** Text in pieces, every other one marked: the second, the fourth. Null: nothing to be marked. */
export interface Excerpt {
  subject: readonly string[] | null;
  preview: readonly string[] | null;
}

const NEWEST_FIRST: Comparator[] = [{ property: "receivedAt", isAscending: false }];
const MOST_CHANGES = 200;
const TRIES = 3; // to have a chunk, while the list changes

export const source = signal<ListSource | null>(null);
export const listed = signal<{ window: ListWindow; version: number }>({ window: new ListWindow(), version: 0 });
export const listReady = signal(false);
/** Whether it is on the screen; a page may be in its place. */
export const listShown = signal(false);
let asked = new Set<number>();
let told = 0; // how often something has changed
let refreshing: Promise<void> | null = null;
let onScreen: readonly [number, number] = [0, 0];

/** Fulfilled when its beginning is there, or cannot be had. */
export async function openList(wanted: ListSource): Promise<void> {
  if (source.peek()?.key === wanted.key) {
    source.value = wanted;
    return;
  }
  source.value = wanted;
  listReady.value = false;
  asked = new Set();
  listed.value = { window: new ListWindow(), version: 0 };
  await show(0, CHUNK);
}

/** Draws the list anew. */
export function touchList(): void {
  listed.value = { window: listed.peek().window, version: listed.peek().version + 1 };
}

/** What is on the screen is fetched again: what was shown is not so. */
export function fetchAnew(): void {
  listed.peek().window.clear();
  touchList();
}

/** Fetches what is missing of the rows [first, end). */
export async function show(first: number, end: number): Promise<void> {
  const { window } = listed.peek();
  onScreen = [first, end];
  const chunks = window.missing(first, end, (id) => peekRow(id) !== undefined).filter((at) => !asked.has(at));
  await Promise.all(chunks.map((at) => fetchChunk(window, at)));
}

/** The emails of the rows that were shown last. */
export function shownIds(): Id[] {
  const { window } = listed.peek();
  const ids: Id[] = [];
  for (let at = onScreen[0]; at < onScreen[1]; at++) {
    const id = window.at(at);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

async function fetchChunk(window: ListWindow, position: number): Promise<void> {
  const mine = asked;
  mine.add(position);
  try {
    for (let tries = 1; !(await taken(window, position, tries === TRIES)); tries++);
  } catch (error) {
    problem(error);
  } finally {
    mine.delete(position);
  }
}

// Asks for one chunk; false when the list has changed meanwhile, so that it does not fit to what is shown. At the last try it is taken all the same, as
// it is without a connection, when nothing newer can be had: then what is shown is void.
async function taken(window: ListWindow, position: number, isLast: boolean): Promise<boolean> {
  const before = told;
  const query = jmap.call("Email/query", { ...terms(), position, limit: CHUNK, calculateTotal: true });
  const emails = jmap.call("Email/get", { "#ids": query.at("/ids"), properties: ROW_PROPERTIES });
  const rest = source.peek()?.flat ? Promise.resolve() : conversations(emails.at("/list/*/threadId"));
  const [found, rows] = await Promise.all([query, emails, rest]);
  if (listed.peek().window !== window) return true;
  keepRows(rows.list);
  const always = isLast || offline.peek();
  if (!window.takes(found) && !always && before === told) await refreshList(); // else somebody has just done so
  if (listed.peek().window !== window) return true;
  if (!window.takes(found) && !always) return false;
  const first = !window.queryState;
  window.fill(found);
  leaveOut(window);
  listReady.value = true;
  touchList();
  if (first && before !== told) await refreshList(); // what it says may be older than what has changed meanwhile
  return true;
}

// What waits for a connection is shown as if it had been done.
function leaveOut(window: ListWindow): void {
  window.without(willBeGoneFrom(source.peek()?.mailboxId));
}

// The other emails of each conversation; a list can be shown without them, so a conversation of thousands only loses its names.
async function conversations(ids: { resultOf: string; name: string; path: string }): Promise<void> {
  const threads = jmap.call("Thread/get", { "#ids": ids });
  const emails = jmap.call("Email/get", { "#ids": threads.at("/list/*/emailIds"), properties: ROW_PROPERTIES });
  const [found, others] = await Promise.allSettled([threads, emails]);
  if (found.status === "fulfilled") keepThreads(found.value.list);
  if (others.status === "fulfilled") keepRows(others.value.list);
}

function terms(): { filter: Filter; sort: Comparator[]; collapseThreads: boolean } {
  const shown = source.peek();
  return { filter: shown?.filter ?? {}, sort: shown?.sort ?? NEWEST_FIRST, collapseThreads: !shown?.flat };
}

/** Brings the list up to date after something has changed in the account. One after the other: each asks what has changed since the last. */
export function refreshList(): Promise<void> {
  told++;
  const now = (refreshing ? refreshing.then(bringUpToDate, bringUpToDate) : bringUpToDate()).finally(() => {
    if (refreshing === now) refreshing = null;
  });
  refreshing = now;
  return now;
}

async function bringUpToDate(): Promise<void> {
  const { window } = listed.peek();
  if (!source.peek()) return;
  if (!window.queryState) return touchList(); // nothing newer is there yet: what is missing is asked for, also when that has failed before
  const upToId = window.lastKnown();
  try {
    const changes = await jmap.call("Email/queryChanges", {
      ...terms(), sinceQueryState: window.queryState, maxChanges: MOST_CHANGES, calculateTotal: true, ...(upToId ? { upToId } : {}),
    });
    if (listed.peek().window !== window) return;
    if (window.apply(changes)) leaveOut(window);
    else asked = new Set();
  } catch (error) {
    if (!(error instanceof MethodError)) throw error; // not heard: what is shown is what is known, and is asked about again
    window.outdate(); // too many changes, or none that can be told: what is on the screen is fetched again
    asked = new Set();
  }
  touchList();
}
