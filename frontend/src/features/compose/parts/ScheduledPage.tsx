// What waits for its time to be sent: when, to whom, and how to have it back.
import { useEffect, useState } from "preact/hooks";
import { longDate } from "../../../i18n/dates";
import { t } from "../../../i18n/words";
import { nameOf } from "../../../mail/people";
import { problem, toast } from "../../../state/toasts";
import { begin } from "../begin";
import { markOf } from "../marks";
import { type Scheduled, callBack, scheduled } from "../pending";
import { scheduledCount } from "../windows";
import "../compose.css";

export default function ScheduledPage() {
  const [list, setList] = useState<Scheduled[] | null>(null);
  const look = () => scheduled().then(setList);
  const count = scheduledCount.value;
  useEffect(() => void begin().catch(problem), []);
  useEffect(() => void look().catch(problem), [count]);
  const back = async ({ submission }: Scheduled) => {
    await callBack({ submissionId: submission.id, emailId: submission.emailId, until: 0, subject: "", original: markOf(submission.id) });
    toast(t("compose.canceled"));
    await look();
  };
  return (
    <section class="scheduled" aria-busy={list === null}>
      <h1>{t("compose.scheduled")}</h1>
      {list?.length === 0 && <p class="none">{t("compose.none-scheduled")}</p>}
      <ul>
        {list?.map((one) => (
          <li key={one.submission.id}>
            <div>
              <strong dir="auto">{one.email?.subject?.trim() || t("mail.no-subject")}</strong>
              <span dir="auto">{t("message.to", { who: whoOf(one) })}</span>
              <time dateTime={one.submission.sendAt}>{longDate(one.submission.sendAt)}</time>
            </div>
            <button type="button" class="quiet" onClick={() => void back(one).catch(problem)}>
              {t("compose.cancel")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function whoOf({ email, submission }: Scheduled): string {
  const names = (email?.to ?? []).map(nameOf);
  return (names.length ? names : (submission.envelope?.rcptTo ?? []).map((one) => one.email)).join(", ");
}
