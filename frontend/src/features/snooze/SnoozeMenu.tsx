// "Snooze": when it is to come back, one of some moments or any other.
import { useState } from "preact/hooks";
import { headDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import type { Id } from "../../jmap/records";
import { problem } from "../../state/toasts";
import { Dialog } from "../../views/Dialog";
import { localText, moments } from "./moments";
import { choosing, snooze } from "./snoozing";

export function SnoozeMenu() {
  const ids = choosing.value;
  return ids && <Open ids={ids} />;
}

function Open({ ids }: { ids: readonly Id[] }) {
  const now = new Date();
  const offered = moments(now);
  const [own, setOwn] = useState(localText(offered[offered.length - 1]?.at ?? now));
  const close = () => (choosing.value = null);
  const choose = (at: Date) => {
    close();
    void snooze(ids, at).catch(problem);
  };
  return (
    <Dialog title={t("snooze.title")} onClose={close} narrow>
      <ul class="snooze-choices">
        {offered.map(({ name, at }, index) => (
          <li key={name}>
            <button type="button" autoFocus={index === 0} onClick={() => choose(at)}>
              <span>{t(`snooze.${name}`)}</span>
              <small>{headDate(at.toISOString())}</small>
            </button>
          </li>
        ))}
      </ul>
      <form
        class="snooze-own"
        onSubmit={(event) => {
          event.preventDefault();
          choose(new Date(own));
        }}
      >
        <input class="field" type="datetime-local" required aria-label={t("snooze.own")} min={localText(now)} value={own} onInput={(event) => setOwn(event.currentTarget.value)} />
        <button type="submit" class="primary">
          {t("snooze.take")}
        </button>
      </form>
    </Dialog>
  );
}
