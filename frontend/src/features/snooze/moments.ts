// When mail that is put aside may come back: what is offered, in the reader's own time. Pure.

export interface Moment {
  /** The string `snooze.NAME`. */
  name: "later" | "evening" | "tomorrow" | "weekend" | "week";
  at: Date;
}

const MORNING = 8;
const EVENING = 18;
const FRIDAY = 5;
const SATURDAY = 6;

export function moments(now: Date): Moment[] {
  const found: Moment[] = [];
  const hour = now.getHours();
  if (hour < EVENING - 4) found.push({ name: "later", at: new Date(now.getTime() - (now.getTime() % 60_000) + 3 * 3_600_000) });
  if (hour < EVENING - 1) found.push({ name: "evening", at: on(now, 0, EVENING) });
  found.push({ name: "tomorrow", at: on(now, 1, MORNING) });
  const day = now.getDay();
  if (day > 0 && day < FRIDAY) found.push({ name: "weekend", at: on(now, SATURDAY - day, MORNING) });
  if (day !== 0) found.push({ name: "week", at: on(now, 8 - day, MORNING) });
  return found;
}

function on(now: Date, days: number, hour: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
}

/** As <input type="datetime-local"> has it. */
export function localText(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** As JMAP has it. */
export function utcText(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
