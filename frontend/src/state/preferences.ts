// How somebody wants his mail shown, kept by the server so that all his browsers have it: a value for each part (`Preferences`).
// A part is read with `preference("part", otherwise)` and written with `prefer("part", value)`; the last known values are there from the start.
import { effect, signal } from "@preact/signals";
import { jmap } from "../jmap/client";
import { pushed } from "./sync";
import { problem } from "./toasts";

declare module "../jmap/methods" {
  interface Methods {
    "Preferences/get": Method<GetArguments, GetAnswer<{ id: "singleton"; values: Record<string, unknown> }>>;
    "Preferences/set": Method<SetArguments, SetAnswer>;
  }
}

const KEPT = "postroom.preferences"; // signing out takes it away (state/session)
const PRIVATE = ["searches"]; // that no browser keeps
const values = signal<Record<string, unknown>>(JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Record<string, unknown>);
let state = "";
let begun = 0; // settings
const newest = new Map<string, number>(); // setting of each part
const settled = new Map<string, unknown>(); // values of the parts that are being set, as the server has them
let under: Promise<unknown> = Promise.resolve(); // fulfilled when none is on its way

/** The value of a part; `otherwise` where it was never set. Reading it in drawing draws anew when it changes. */
export function preference<T>(part: string, otherwise: T): T {
  return (values.value[part] as T | undefined) ?? otherwise;
}

/** Sets a part, here at once and then on the server; undefined takes it back to what it is without. */
export function prefer(part: string, value: unknown): Promise<void> {
  begun++;
  const work = set(part, value);
  under = Promise.allSettled([under, work]);
  return work;
}

async function set(part: string, value: unknown): Promise<void> {
  const mine = begun;
  if (!settled.has(part)) settled.set(part, values.peek()[part]);
  newest.set(part, mine);
  put(part, value);
  try {
    const answer = await jmap.call("Preferences/set", { update: { singleton: { [`values/${part}`]: value ?? null } } });
    const wrong = answer.notUpdated?.["singleton"];
    if (wrong) throw new Error(wrong.description ?? wrong.type);
    state = answer.newState;
    if (settled.has(part)) settled.set(part, value); // else the newest is over already
  } catch (error) {
    if (newest.get(part) === mine) put(part, settled.get(part)); // another part, or this one again, may have been set meanwhile
    throw error;
  } finally {
    if (newest.get(part) === mine) settled.delete(part);
  }
}

/** The server's values, unless one is set meanwhile: then they are older than what is here, and are asked for again. */
export async function loadPreferences(): Promise<void> {
  await under;
  const seen = begun;
  const answer = await jmap.call("Preferences/get", { ids: null });
  if (seen !== begun) return loadPreferences();
  state = answer.state;
  keep(answer.list[0]?.values ?? {});
}

function put(part: string, value: unknown): void {
  const { [part]: _, ...rest } = values.peek();
  keep(value === undefined ? rest : { ...rest, [part]: value });
}

function keep(next: Record<string, unknown>): void {
  if (JSON.stringify(next) === JSON.stringify(values.peek())) return;
  values.value = next;
  localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(Object.entries(next).filter(([part]) => !PRIVATE.includes(part)))));
}

/** Follows what other browsers of the same person set. */
export function followPreferences(): void {
  effect(() => {
    const told = pushed.value["Preferences"];
    if (told !== undefined && told !== state) void loadPreferences().catch(problem);
  });
}
