// Short messages at the edge of the window, and what is said to who listens instead of looking.
import { signal } from "@preact/signals";
import { RequestFailed } from "../jmap/client";

export interface Toast {
  id: number;
  text: string;
  kind: "done" | "problem";
  action?: { label: string; run: () => void };
}

const SECONDS = 7;
export const toasts = signal<Toast[]>([]);
/** For the live region: what changed without anybody's doing. */
export const spoken = signal("");
let count = 0;

export function toast(text: string, more: Partial<Omit<Toast, "id" | "text">> = {}): number {
  const id = ++count;
  toasts.value = [...toasts.value.slice(-2), { id, text, kind: "done", ...more }];
  setTimeout(() => dismiss(id), SECONDS * 1000);
  return id;
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function problem(error: unknown): void {
  if (error instanceof RequestFailed && error.status === 401) return; // nobody is signed in any more: the page that asks who comes says so
  console.error(error);
  toast(error instanceof Error ? error.message : String(error), { kind: "problem" });
}
