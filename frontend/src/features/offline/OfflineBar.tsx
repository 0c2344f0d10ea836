// Says that there is no connection, and what that means.
import "./offline.css";
import { t } from "../../i18n/words";
import { offline, stays } from "../../offline/keeper";
import { problem } from "../../state/toasts";
import { askAgain } from "./again";

export function OfflineBar() {
  return (
    <div role="status" class="offline-place">
      {offline.value && (
        <div class="offline-bar">
          <span>{t(stays() ? "offline.bar" : "offline.bar-nothing")}</span>
          <button type="button" onClick={() => void askAgain().catch(problem)}>
            {t("trouble.again")}
          </button>
        </div>
      )}
    </div>
  );
}
