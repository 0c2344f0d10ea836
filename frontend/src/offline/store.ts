// Answers of the server to reading calls, kept in the browser's database, so that what was read can be read again without a connection.
// Only on a device on which somebody stays signed in. Bounded; the oldest go first. Cleared when somebody signs out, or is signed out.
// Beside them what waits for a connection: changes of emails (pending.ts), and messages to be sent. That stays when a session ends by itself.
import { signal } from "@preact/signals";

const DATABASE = "postroom";
const ANSWERS = "answers";
const WAITING = ["pending", "outbox"] as const;
const MOST = 300; // answers
const LARGEST = 1_000_000; // characters of one
const KEPT_FOR = 60 * 86_400_000; // ms

interface Kept {
  key: string;
  at: number;
  value: unknown;
}

let opened: Promise<IDBDatabase> | null = null;

function database(): Promise<IDBDatabase> {
  return (opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 2);
    request.onupgradeneeded = () => {
      const made = request.result;
      if (!made.objectStoreNames.contains(ANSWERS)) made.createObjectStore(ANSWERS, { keyPath: "key" }).createIndex("at", "at");
      for (const name of WAITING) made.createObjectStore(name, { keyPath: "key" });
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => {
        request.result.close(); // another window deletes it
        opened = null;
      };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error ?? new Error("no database"));
  }));
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("no database"));
  });
}

async function answers(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return (await database()).transaction(ANSWERS, mode).objectStore(ANSWERS);
}

export async function keep(all: readonly (readonly [key: string, value: unknown])[], now = Date.now()): Promise<void> {
  const fit = all.filter(([, value]) => JSON.stringify(value).length <= LARGEST);
  if (!fit.length) return;
  const store = await answers("readwrite");
  for (const [key, value] of fit) store.put({ key, at: now, value } satisfies Kept);
  const surplus = (await finished(store.count())) - MOST;
  if (surplus <= 0) return;
  const oldest = await finished(store.index("at").getAllKeys(null, surplus));
  for (const key of oldest) store.delete(key);
}

/** What was answered last, undefined where nothing was, or too long ago. */
export async function kept(key: string, now = Date.now()): Promise<unknown> {
  const found = (await finished((await answers("readonly")).get(key))) as Kept | undefined;
  return found && now - found.at < KEPT_FOR ? found.value : undefined;
}

type Waiting = (typeof WAITING)[number];

async function waitingStore(name: Waiting, mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return (await database()).transaction(name, mode).objectStore(name);
}

/** All that waits, in the order of its keys. */
export async function allWaiting<T>(name: Waiting): Promise<T[]> {
  return finished((await waitingStore(name, "readonly")).getAll()) as Promise<T[]>;
}

/** Grows with whatever is put there: a connection that came back just before that has nothing else to tell of it. */
export const putToWait = signal(0);

export async function putWaiting(name: Waiting, all: readonly { key: string }[]): Promise<void> {
  const store = await waitingStore(name, "readwrite");
  await Promise.all(all.map((one) => finished(store.put(one))));
  putToWait.value++;
}

export async function dropWaiting(name: Waiting, keys: readonly string[]): Promise<void> {
  const store = await waitingStore(name, "readwrite");
  await Promise.all(keys.map((key) => finished(store.delete(key))));
}

/** How much waits. */
export async function countWaiting(): Promise<number> {
  const counts = WAITING.map(async (name) => finished((await waitingStore(name, "readonly")).count()));
  return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
}

export async function forgetAnswers(): Promise<void> {
  await finished((await answers("readwrite")).clear());
}

export async function forget(): Promise<void> {
  const before = opened;
  opened = null;
  if (before) (await before).close();
  await finished(indexedDB.deleteDatabase(DATABASE) as IDBRequest<unknown>).catch(() => {});
}
