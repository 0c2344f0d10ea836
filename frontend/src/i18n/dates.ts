// Times as people say them: shorter the nearer they are.
import { signal } from "@preact/signals";
import { locale } from "./words";

const DAY = 86_400_000;
const LOOK_MS = 60_000; // at the calendar: timers rest while a computer sleeps
const today = signal(new Date().toDateString());
setInterval(() => (today.value = new Date().toDateString()), LOOK_MS);
const formats = new Map<string, Intl.DateTimeFormat>();

/** 14:05 today, Tue this week, 3 May this year, else 3 May 2024. */
export function shortDate(iso: string, now = new Date()): string {
  const at = new Date(iso);
  void today.value; // what shows it is drawn anew on the next day
  if (at.toDateString() === now.toDateString()) return format("time", { hour: "numeric", minute: "2-digit" }).format(at);
  const days = (now.getTime() - at.getTime()) / DAY;
  if (days >= 0 && days < 6) return format("weekday", { weekday: "short" }).format(at);
  if (at.getFullYear() === now.getFullYear()) return format("day", { day: "numeric", month: "short" }).format(at);
  return format("year", { day: "numeric", month: "short", year: "numeric" }).format(at);
}

export function longDate(iso: string): string {
  return format("long", { dateStyle: "full", timeStyle: "short" }).format(new Date(iso));
}

/** Day and time, for a message's head. */
export function headDate(iso: string, now = new Date()): string {
  const at = new Date(iso);
  const sameYear = at.getFullYear() === now.getFullYear();
  return format(sameYear ? "head" : "headYear", {
    weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit", ...(sameYear ? {} : { year: "numeric" }),
  }).format(at);
}

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale.value} ${name}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.DateTimeFormat(locale.value, options)));
  return found;
}
