// What has just happened, with a way back; read out by screen readers.
import { t } from "../i18n/words";
import { dismiss, spoken, toasts } from "../state/toasts";
import { Icon } from "./Icon";

export function Toasts() {
  return (
    <>
      <div class="toasts" role="status" aria-live="polite">
        {toasts.value.map((one) => (
          <div key={one.id} class={`toast ${one.kind}`}>
            <span>{one.text}</span>
            {one.action && (
              <button type="button" onClick={one.action.run}>
                {one.action.label}
              </button>
            )}
            <button type="button" class="quiet" aria-label={t("frame.close")} onClick={() => dismiss(one.id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
      <div class="unseen" aria-live="polite">
        {spoken.value}
      </div>
    </>
  );
}
