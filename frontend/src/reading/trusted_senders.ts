// Senders whose pictures are always shown. Kept in this browser, until the server keeps preferences; this is the only place that knows where.
import { signal } from "@preact/signals";

const KEY = "postroom.pictures";
const MOST = 500;

const senders = signal<ReadonlySet<string>>(new Set(read()));

export function isTrusted(email: string): boolean {
  return email !== "" && senders.value.has(email.toLowerCase());
}

export function trust(email: string, always: boolean): void {
  const known = [...senders.peek()].filter((one) => one !== email.toLowerCase());
  const next = (always ? [...known, email.toLowerCase()] : known).slice(-MOST);
  senders.value = new Set(next);
  localStorage.setItem(KEY, JSON.stringify(next));
}

function read(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
