// How a message is looked at, as somebody has chosen for it: as plain text, or light on a dark screen. For as long as the window lives.
import { signal } from "@preact/signals";
import type { Id } from "../jmap/records";
import { theme } from "../state/theme";

const plain = signal<ReadonlySet<Id>>(new Set());
const light = signal<ReadonlySet<Id>>(new Set());
const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", () => (systemDark.value = system.matches));

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

/** Whether the page is dark now. */
export function isDark(): boolean {
  return theme.value === "dark" || (theme.value === "system" && systemDark.value);
}

function toggled(set: ReadonlySet<Id>, id: Id): Set<Id> {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
}
