// One hop of a journey: what it was, when, how it went; inside, its events in their order.
import { t } from "../../i18n/words";
import { longDate } from "../../i18n/dates";
import { Icon } from "../../views/Icon";
import { EventLine } from "./EventLine";
import { SaidLines } from "./SaidLines";
import type { JourneyHop } from "./records";
import { duration } from "./words";

const ICONS: Record<string, string> = { received: "download", filed: "inbox", relay: "sent", queue: "undo", report: "warning", read: "read", deleted: "trash" };
const SHORT = 1; // seconds between hops that are not worth a word

export function HopView({ hop, before, open }: { hop: JourneyHop; before: JourneyHop | undefined; open: boolean }) {
  const waited = before ? Math.round((Date.parse(hop.at) - Date.parse(before.at)) / 1000) : 0;
  const state = hop.ok === false ? "bad" : hop.ok ? "good" : "";
  return (
    <li class={`hop ${state}`}>
      {waited > SHORT && <p class="waited">{t("journey.later", { time: duration(waited) })}</p>}
      <details open={open}>
        <summary>
          <span class="mark"><Icon name={ICONS[hop.kind] ?? "info"} /></span>
          <span class="headline" dir="auto">{hop.headline}</span>
          {hop.tls && <span class="lock">{t("journey.encrypted")}</span>}
          <time dateTime={hop.at} title={longDate(hop.at)}>{clock(hop.at)}</time>
        </summary>
        <ol class="events">
          {hop.events.map((event, index) =>
            event.event === "said" ? <SaidLines key={index} said={event} peer={hop.peer} /> : <EventLine key={index} event={event} />,
          )}
        </ol>
      </details>
    </li>
  );
}

function clock(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
}
