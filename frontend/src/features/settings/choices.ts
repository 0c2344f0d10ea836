// How somebody wants it shown, kept by this browser. Where the server keeps preferences, this module is the one to change.
import { signal } from "@preact/signals";

const KEPT = "postroom.choices";
const values = signal<Record<string, unknown>>(read());

/** The value of a part; `otherwise` where it was never chosen. Reading it in drawing draws anew when it changes. */
export function choice<T>(part: string, otherwise: T): T {
  return (values.value[part] as T | undefined) ?? otherwise;
}

export function choose(part: string, value: unknown): void {
  values.value = { ...values.value, [part]: value };
  localStorage.setItem(KEPT, JSON.stringify(values.value));
}

function read(): Record<string, unknown> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Record<string, unknown>;
  } catch {
    return {};
  }
}
