// A fact of a journey that is no dialogue: a handshake, a question to the DNS, a verdict, a route, an outcome.
import { t } from "../../i18n/words";
import { Explained } from "./Explained";
import type { FactEvent } from "./records";

export function EventLine({ event }: { event: FactEvent }) {
  return (
    <li class={`event ${event.event}`}>
      <Explained meaning={event.meaning}>
        <span class="tag">{t(`journey.event.${event.event}`)}</span>
        <span class="what" dir="auto">{event.text}</span>
      </Explained>
    </li>
  );
}
