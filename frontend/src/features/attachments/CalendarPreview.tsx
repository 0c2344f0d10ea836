// An invitation, to be read.
import { locale, t } from "../../i18n/words";
import type { BodyPart } from "../../jmap/records";
import { Waiting } from "./Waiting";
import { type CalendarEvent, readInvitation, timeWords } from "./calendar";
import { useLoaded } from "./loaded";
import { textOf } from "./previewing";

const METHODS = new Set(["REQUEST", "CANCEL", "REPLY", "PUBLISH"]);

export function CalendarPreview({ part }: { part: BodyPart }) {
  const text = useLoaded(() => textOf(part), part.blobId);
  if (text === undefined || text instanceof Error) return <Waiting error={text} />;
  const { method, events } = readInvitation(text);
  if (!events.length) return <Waiting error={new Error(t("attachments.no-event"))} />;
  return (
    <>
      {METHODS.has(method) && <p class="note">{t(`attachments.method.${method.toLowerCase()}`)}</p>}
      {events.map((event, index) => <Event key={index} event={event} />)}
    </>
  );
}

function Event({ event }: { event: CalendarEvent }) {
  const lines: [string, string][] = [
    ["start", event.start ? timeWords(event.start, locale.value) : ""],
    ["end", event.end ? timeWords(event.end, locale.value) : ""],
    ["repeats", event.repeats ? t("attachments.yes") : ""],
    ["where", event.location],
    ["organizer", event.organizer],
    ["attendees", event.attendees.join(", ")],
  ];
  return (
    <article class="event-card">
      <h3 dir="auto">{event.summary || t("mail.no-subject")}</h3>
      {event.cancelled && <p class="bar warn">{t("attachments.cancelled")}</p>}
      <dl>
        {lines.map(([name, value]) => value && (
          <div key={name}>
            <dt>{t(`attachments.event.${name}`)}</dt>
            <dd dir="auto">{value}</dd>
          </div>
        ))}
      </dl>
      {event.description && <p class="about" dir="auto">{event.description}</p>}
    </article>
  );
}
