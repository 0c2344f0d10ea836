// "Sent", with the seconds in which it can be called back. It is there again after a reload.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../../i18n/words";
import { problem } from "../../../state/toasts";
import { Icon } from "../../../views/Icon";
import { callBack, release } from "../pending";
import { type Held, held } from "../windows";

export function HeldToasts() {
  return (
    <div class="compose-held" role="status">
      {held.value.map((one) => (
        <HeldToast key={one.submissionId} one={one} />
      ))}
    </div>
  );
}

function HeldToast({ one }: { one: Held }) {
  const left = useSeconds(one.until);
  return (
    <div class="toast">
      <span>
        {t("compose.sent")} <span aria-hidden="true">{t("compose.seconds", { count: left })}</span>
      </span>
      <button type="button" onClick={() => void callBack(one).catch(problem)}>
        {t("undo.undo")}
      </button>
      <button type="button" class="quiet" aria-label={t("frame.close")} onClick={() => release(one)}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function useSeconds(until: number): number {
  const now = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const [left, setLeft] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setLeft(now()), 500);
    return () => clearInterval(timer);
  }, [until]);
  return left;
}
