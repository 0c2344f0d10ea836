// Which mailboxes hide those below them, on this device.
import { signal } from "@preact/signals";
import type { Id } from "../jmap/records";

export const folded = signal<ReadonlySet<Id>>(new Set(JSON.parse(localStorage.getItem("postroom.folded") ?? "[]") as Id[]));

export function fold(id: Id): void {
  const next = new Set(folded.peek());
  if (!next.delete(id)) next.add(id);
  folded.value = next;
  localStorage.setItem("postroom.folded", JSON.stringify([...next]));
}
