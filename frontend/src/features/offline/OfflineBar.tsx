// Says that there is no connection, and what that means.
import "./offline.css";
import { t } from "../../i18n/words";
import { offline, stays } from "../../offline/keeper";
import { pending } from "../../offline/pending";
import { problem } from "../../state/toasts";
import { outboxCount } from "../compose/windows";
import { askAgain } from "./again";

export function OfflineBar() {
  return (
    <div role="status" class="offline-place">
      {offline.value && (
        <div class="offline-bar">
          <span>
            {t(stays() ? "offline.bar" : "offline.bar-nothing")}
            {pending.value.size > 0 && <strong> {t("offline.waiting", { count: pending.value.size })}</strong>}
            {outboxCount.value > 0 && <strong> {t("outbox.bar", { count: outboxCount.value })}</strong>}
          </span>
          <button type="button" onClick={() => void askAgain().catch(problem)}>
            {t("trouble.again")}
          </button>
        </div>
      )}
    </div>
  );
}
