// The conversations that are being dragged, by the emails that stand for them; null when nothing is.
import { signal } from "@preact/signals";
import type { Id } from "../jmap/records";
import { marked } from "../state/selection";

export const dragged = signal<readonly Id[] | null>(null);

/** What goes along when a row is dragged: all that is marked, when it is. */
export function drag(id: Id): readonly Id[] {
  dragged.value = marked.peek().has(id) ? [...marked.peek()] : [id];
  return dragged.value;
}
