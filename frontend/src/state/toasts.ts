// Short messages at the edge of the window, and what is said to who listens instead of looking.
import { signal } from "@preact/signals";
import { RequestFailed } from "../jmap/client";

interface Toast {
  id: number;
  text: string;
  kind: "done" | "problem";
  action?: { label: string; run: () => void };
}

const SECONDS = 7;
export const toasts = signal<Toast[]>([]);
/** For the live region: what changed without anybody's doing. */
export const spoken = signal("");
const ends = new Map<number, ReturnType<typeof setTimeout>>();
let count = 0;

export function toast(text: string, more: Partial<Omit<Toast, "id" | "text">> = {}): number {
  const id = ++count;
  toasts.value = [...toasts.value.slice(-2), { id, text, kind: "done", ...more }];
  leaveLater(id);
  return id;
}

function leaveLater(id: number): void {
  clearTimeout(ends.get(id));
  ends.set(id, setTimeout(() => dismiss(id), SECONDS * 1000));
}

export function dismiss(id: number): void {
  clearTimeout(ends.get(id));
  ends.delete(id);
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function problem(error: unknown): void {
  if (error instanceof RequestFailed && error.status === 401) return; // nobody is signed in any more: the page that asks who comes says so
  console.error(error);
  const text = error instanceof Error ? error.message : String(error);
  const same = toasts.peek().find((one) => one.kind === "problem" && one.text === text);
  if (same) leaveLater(same.id); // said once, though every row that is wanted fails
  else toast(text, { kind: "problem" });
}
