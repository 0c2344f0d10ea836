import { expect, it } from "vitest";
import { readInvitation, timeWords } from "./calendar";

const TEXT = [
  "BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "END:VTIMEZONE", "BEGIN:VEVENT",
  'ORGANIZER;CN="Crêpe, Alice":mailto:alice@crepes.test', "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@hamburger.test", "SUMMARY:Lunch\\, at", "  last",
  "DTSTART;TZID=Europe/Berlin:20261124T123000", "DTEND:20261124T123000Z", "DESCRIPTION:one\\ntwo", "RRULE:FREQ=DAILY",
  "BEGIN:VALARM", "SUMMARY:never", "END:VALARM", "END:VEVENT", "END:VCALENDAR",
].join("\r\n");

it("reads an invitation", () => {
  const { method, events } = readInvitation(TEXT);
  expect(method).toBe("REQUEST");
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ summary: "Lunch, at last", description: "one\ntwo", organizer: "Crêpe, Alice <alice@crepes.test>", attendees: ["bob@hamburger.test"], repeats: true });
  const start = events[0]?.start;
  expect(start && timeWords(start, "en-GB")).toMatch(/^Tuesday.* 24 November 2026.* 12:30 \(Europe\/Berlin\)$/);
});

it("ends on the last day of what takes whole days, not on the day after it", () => {
  const ends = (start: string, end: string) => {
    const [event] = readInvitation(`BEGIN:VEVENT\nDTEND;VALUE=DATE:${end}\nDTSTART;VALUE=DATE:${start}\nEND:VEVENT`).events;
    return event?.end && timeWords(event.end, "en-GB");
  };
  expect(ends("20261231", "20270101")).toMatch(/31 December 2026$/);
  expect(ends("20280227", "20280301")).toMatch(/29 February 2028$/);
  expect(ends("20261231", "20261231")).toMatch(/31 December 2026$/); // as some write it
  const [hours] = readInvitation("BEGIN:VEVENT\nDTSTART:20261231T230000Z\nDTEND:20270101T000000Z\nEND:VEVENT").events;
  expect(hours?.end).toMatchObject({ year: 2027, day: 1, hour: 0 });
});

it("survives anything", () => {
  expect(readInvitation("").events).toEqual([]);
  expect(readInvitation("BEGIN:VEVENT\nDTSTART:never\nEND:VEVENT").events[0]?.start).toBe(null);
  expect(readInvitation("END:X\n".repeat(1000)).events).toEqual([]);
});

it("a line of parameters without an end is no line, and takes no time", () => {
  for (const line of [`A;B=${",".repeat(200_000)}`, `A${";B=,".repeat(50_000)}`]) {
    expect(readInvitation(`BEGIN:VCALENDAR\n${line}\nEND:VCALENDAR`).events).toEqual([]);
  }
});
