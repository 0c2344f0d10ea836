// What waits for a connection to be sent, and how to have it back.
import { useEffect } from "preact/hooks";
import { t } from "../../../i18n/words";
import { nameOf } from "../../../mail/people";
import { problem } from "../../../state/toasts";
import { recipientsIn } from "../draft";
import { look, outbox, takeBack } from "../outbox";
import "../compose.css";

export default function OutboxPage() {
  useEffect(() => void look().catch(problem), []);
  const list = outbox.value;
  return (
    <section class="scheduled">
      <h1>{t("outbox.title")}</h1>
      <p class="none">{t(list.length ? "outbox.waits" : "outbox.none")}</p>
      <ul>
        {list.map(({ key, draft }) => (
          <li key={key}>
            <div>
              <strong dir="auto">{draft.subject.trim() || t("mail.no-subject")}</strong>
              <span dir="auto">{t("message.to", { who: recipientsIn(draft).map(nameOf).join(", ") })}</span>
            </div>
            <button type="button" class="quiet" onClick={() => void takeBack(key).catch(problem)}>
              {t("outbox.edit")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
