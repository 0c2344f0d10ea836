// An invitation as text: the first events of an iCalendar object. RFC 5545 §3.1 (lines, folding), §3.3.5 (times), RFC 5546 §1.4 (methods). Pure, bounded.

export interface CalendarEvent {
  summary: string;
  location: string;
  description: string;
  start: CalendarTime | null;
  end: CalendarTime | null;
  organizer: string;
  attendees: string[];
  repeats: boolean;
  cancelled: boolean;
}

/** As it is written: in UTC, in a named zone, or in whichever the reader is. */
interface CalendarTime {
  year: number;
  month: number;
  day: number;
  hour: number | null;
  minute: number;
  utc: boolean;
  zone: string;
}

interface Invitation {
  method: string;
  events: CalendarEvent[];
}

const MOST_TEXT = 500_000;
const MOST_EVENTS = 20;
const MOST_PEOPLE = 100;
const LINE = /^([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)$/;
const TIME = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?$/;

export function readInvitation(text: string): Invitation {
  const lines = text.slice(0, MOST_TEXT).replace(/\r\n?|\n/g, "\n").replace(/\n[ \t]/g, "").split("\n");
  const found: Invitation = { method: "", events: [] };
  const within: string[] = [];
  let event: CalendarEvent | null = null;
  for (const line of lines) {
    const [, name = "", parameters = "", value = ""] = LINE.exec(line) ?? [];
    const key = name.toUpperCase();
    if (key === "BEGIN") {
      within.push(value.toUpperCase());
      if (value.toUpperCase() === "VEVENT") event = empty();
    } else if (key === "END") {
      within.pop();
      if (value.toUpperCase() === "VEVENT" && event) found.events.push({ ...event, end: lastOf(event) });
      if (value.toUpperCase() === "VEVENT") event = null;
      if (found.events.length >= MOST_EVENTS) break;
    } else if (event && within.at(-1) === "VEVENT") fill(event, key, parameters, value);
    else if (key === "METHOD" && within.length === 1) found.method = value.toUpperCase().slice(0, 20);
  }
  return found;
}

function fill(event: CalendarEvent, key: string, parameters: string, value: string): void {
  if (key === "SUMMARY") event.summary = plain(value);
  else if (key === "LOCATION") event.location = plain(value);
  else if (key === "DESCRIPTION") event.description = plain(value);
  else if (key === "DTSTART") event.start = time(value, parameters);
  else if (key === "DTEND") event.end = time(value, parameters);
  else if (key === "RRULE" || key === "RDATE") event.repeats = true;
  else if (key === "STATUS") event.cancelled = value.toUpperCase() === "CANCELLED";
  else if (key === "ORGANIZER") event.organizer = person(parameters, value);
  else if (key === "ATTENDEE" && event.attendees.length < MOST_PEOPLE) event.attendees.push(person(parameters, value));
}

function empty(): CalendarEvent {
  return { summary: "", location: "", description: "", start: null, end: null, organizer: "", attendees: [], repeats: false, cancelled: false };
}

function plain(value: string): string {
  return value.replace(/\\([nN,;\\])/g, (_, char: string) => (char.toLowerCase() === "n" ? "\n" : char)).trim();
}

function person(parameters: string, value: string): string {
  const name = /;CN=(?:"([^"]*)"|([^;:]*))/i.exec(parameters);
  const address = value.replace(/^mailto:/i, "");
  const called = (name?.[1] ?? name?.[2] ?? "").trim();
  return called && called !== address ? `${called} <${address}>` : address;
}

function time(value: string, parameters: string): CalendarTime | null {
  const found = TIME.exec(value);
  if (!found) return null;
  const [, year, month, day, hour, minute, , z] = found;
  const zone = /;TZID=(?:"([^"]*)"|([^;:]*))/i.exec(parameters);
  return {
    year: Number(year), month: Number(month), day: Number(day), hour: hour === undefined ? null : Number(hour), minute: Number(minute ?? 0),
    utc: z === "Z", zone: zone?.[1] ?? zone?.[2] ?? "",
  };
}

// What takes whole days names as its end the day after the last (RFC 5545 §3.6.1).
function lastOf({ start, end }: CalendarEvent): CalendarTime | null {
  if (!end || end.hour !== null) return end;
  const last = new Date(Date.UTC(end.year, end.month - 1, end.day - 1));
  if (start && last.getTime() < Date.UTC(start.year, start.month - 1, start.day)) return end;
  return { ...end, year: last.getUTCFullYear(), month: last.getUTCMonth() + 1, day: last.getUTCDate() };
}

/** In words, in the reader's own zone where it is known when it is; else as written, with its zone. */
export function timeWords(at: CalendarTime, locale: string): string {
  const date = { dateStyle: "full" } as const;
  const numbers = [at.year, at.month - 1, at.day, at.hour ?? 0, at.minute] as const;
  if (at.hour === null) return new Intl.DateTimeFormat(locale, { ...date, timeZone: "UTC" }).format(Date.UTC(...numbers));
  const format = new Intl.DateTimeFormat(locale, { ...date, timeStyle: "short", ...(at.utc ? {} : { timeZone: "UTC" }) });
  return format.format(Date.UTC(...numbers)) + (at.zone && !at.utc ? ` (${at.zone})` : "");
}
