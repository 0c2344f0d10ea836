// When a message may be sent later: what people choose mostly. Pure.

export interface Moment {
  name: string;
  at: Date;
}

const MORNING = 8;
const AFTERNOON = 13;

/** From the next one on; Monday only where it is not tomorrow. */
export function moments(now: Date): Moment[] {
  const on = (days: number, hour: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const toMonday = (8 - now.getDay()) % 7 || 7;
  const all: Moment[] = [
    { name: "later-today", at: on(0, now.getHours() + 3) },
    { name: "tomorrow-morning", at: on(1, MORNING) },
    { name: "tomorrow-afternoon", at: on(1, AFTERNOON) },
  ];
  if (toMonday > 1) all.push({ name: "monday-morning", at: on(toMonday, MORNING) });
  return all.filter(({ name, at }) => name !== "later-today" || at.getDate() === now.getDate());
}

/** As a field for date and time has it: in the time of the place, to the minute. */
export function fieldValue(at: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
