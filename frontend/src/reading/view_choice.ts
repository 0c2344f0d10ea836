// How a message is looked at, as somebody has chosen for it: as plain text, or light on a dark screen. For as long as the window lives.
import { type Signal, signal } from "@preact/signals";
import type { Id } from "../jmap/records";
import { theme } from "../state/theme";

const plain = signal<ReadonlySet<Id>>(new Set());
const light = signal<ReadonlySet<Id>>(new Set());
const systemDark = held("(prefers-color-scheme: dark)");
const forced = held("(forced-colors: active)");

export function isPlain(id: Id): boolean {
  return plain.value.has(id);
}

export function togglePlain(id: Id): void {
  plain.value = toggled(plain.peek(), id);
}

export function isLight(id: Id): boolean {
  return light.value.has(id);
}

export function toggleLight(id: Id): void {
  light.value = toggled(light.peek(), id);
}

/** Whether messages are turned round for a dark page now. The reader's own colours (high contrast) are right as they are. */
export function isDark(): boolean {
  if (forced.value) return false;
  return theme.value === "dark" || (theme.value === "system" && systemDark.value);
}

function held(query: string): Signal<boolean> {
  const list = matchMedia(query);
  const found = signal(list.matches);
  list.addEventListener("change", () => (found.value = list.matches));
  return found;
}

function toggled(set: ReadonlySet<Id>, id: Id): Set<Id> {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
}
