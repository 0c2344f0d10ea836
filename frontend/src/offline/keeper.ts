// Between the JMAP client and what is kept: every answer of a reading call is kept, and given again when the server cannot be reached.
import { batch, signal } from "@preact/signals";
import type { Keeper } from "../jmap/client";
import type { Session } from "../jmap/records";
import { type Asked, isReading, keysOf } from "./keys";
import { countWaiting, forget, forgetAnswers, keep, kept } from "./store";

const STAY = "postroom.stay";
const OWNER = "postroom.kept-for"; // whose mail is kept, or whose changes and messages wait, on this device
const SESSION = "session";

/** Whether the server could not be reached when it was asked last. */
export const offline = signal(false);

/** Whether somebody stays signed in on this device: only then is anything kept on it. */
export function stays(): boolean {
  return localStorage.getItem(STAY) === "1";
}

export function setStays(on: boolean): void {
  if (on) localStorage.setItem(STAY, "1");
  else localStorage.removeItem(STAY);
}

export const keeper: Keeper = {
  reached(on) {
    if (offline.peek() === on) batch(() => (offline.value = !on));
  },
  answered(calls, answers) {
    if (!stays()) return;
    const keys = keysOf(calls);
    const all = calls.flatMap((call, at) => (keepable(call, calls) && answers.has(call.callId) ? [[keys[at] ?? "", answers.get(call.callId)] as const] : []));
    keep(all).catch(ignored);
  },
  async answer(calls) {
    const keys = keysOf(calls);
    const found = new Map<string, unknown>();
    if (!stays()) return found;
    for (const [at, call] of calls.entries()) {
      const answer = keepable(call, calls) ? await kept(keys[at] ?? "").catch(ignored) : undefined;
      if (answer !== undefined) found.set(call.callId, answer);
    }
    return found;
  },
};

// What refers to changes is never asked again in the same way.
function keepable(call: Asked, calls: readonly Asked[]): boolean {
  if (!isReading(call.name)) return false;
  const meant = Object.entries(call.args).filter(([name]) => name.startsWith("#")).map(([, value]) => (value as { resultOf: string }).resultOf);
  return meant.every((id) => calls.some((one) => one.callId === id && keepable(one, calls)));
}

export async function keepSession(session: Session): Promise<void> {
  const owner = localStorage.getItem(OWNER);
  if (owner !== null && owner !== session.username) await forgetKept();
  if (!stays()) return;
  localStorage.setItem(OWNER, session.username);
  await keep([[SESSION, session]]).catch(ignored);
}

export async function keptSession(): Promise<Session | undefined> {
  return stays() ? ((await kept(SESSION).catch(ignored)) as Session | undefined) : undefined;
}

/** How much waits on this device: where nobody stays there may be something, too, when a session has ended by itself. */
export async function waitingHere(): Promise<number> {
  return stays() || localStorage.getItem(OWNER) !== null ? countWaiting().catch(() => 0) : 0; // where a browser keeps nothing, nothing waits
}

/** The session has ended by itself: what was read goes. What waits stays, and is made when the same person signs in again. */
export async function sessionOver(): Promise<void> {
  const waits = waitingHere();
  setStays(false);
  await ((await waits) ? forgetAnswers() : forgetKept()).catch(ignored);
}

/** Nothing of anybody's mail stays on the device. */
export async function forgetEverything(): Promise<void> {
  setStays(false);
  await forgetKept();
}

async function forgetKept(): Promise<void> {
  localStorage.removeItem(OWNER);
  await forget().catch(ignored);
}

// Where a browser keeps nothing (a private window), there is nothing without a connection, and that is all.
function ignored(): undefined {
  return undefined;
}
