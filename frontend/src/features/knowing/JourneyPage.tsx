// The journey of a message: its hops, the oldest first, with every line that was said. While it is under way it is looked at again and again.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { emailRow } from "../../state/emails";
import type { Values } from "../feature";
import { HopView } from "./HopView";
import { PageHead } from "./PageHead";
import type { Journey } from "./records";
import { useEmail } from "./use_email";

const SOON = 2000;
const LATER = 15_000;

export default function JourneyPage({ values }: { values: Values }) {
  const id = values["email"] ?? "";
  const [journeys, setJourneys] = useState<Journey[] | null>(null);
  const [wrong, setWrong] = useState("");
  useEmail(id);
  useEffect(() => {
    let timer = 0;
    let over = false;
    const look = async () => {
      let wait = LATER;
      try {
        const { list } = await jmap.call("Journey/get", { emailId: id });
        if (over) return;
        setJourneys(list);
        if (list.some((one) => one.underWay)) wait = SOON;
      } catch (error) {
        if (!over) setWrong(error instanceof Error ? error.message : String(error));
      }
      if (!over) timer = window.setTimeout(() => void (document.hidden ? again() : look()), wait);
    };
    const again = () => (timer = window.setTimeout(() => void look(), LATER));
    setJourneys(null);
    setWrong("");
    void look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [id]);
  const subject = emailRow(id)?.subject?.trim() || t("mail.no-subject");
  return (
    <div class="knowing journey" aria-busy={journeys === null && !wrong}>
      <PageHead title={t("journey.title")} subtitle={subject} emailId={id} />
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      {journeys?.length === 0 && <p class="note">{t("journey.none")}</p>}
      {journeys?.map((journey) => <JourneyView key={journey.id} journey={journey} />)}
      {journeys && journeys.length > 0 && <p class="note legend">{t("journey.legend")}</p>}
    </div>
  );
}

function JourneyView({ journey }: { journey: Journey }) {
  return (
    <section aria-label={t("journey.of", { id: journey.id })}>
      <p class="note">
        {t(journey.whole ? "journey.whole" : "journey.part")} <code>{journey.id}</code>
      </p>
      <ol class="hops">
        {journey.hops.map((hop, index) => (
          <HopView key={`${hop.at} ${index}`} hop={hop} before={journey.hops[index - 1]} open={index === 0} />
        ))}
      </ol>
      <p class={`standing ${journey.underWay ? "under-way" : ""}`} role="status">
        {t(journey.underWay ? "journey.under-way" : "journey.over")}
      </p>
    </section>
  );
}
