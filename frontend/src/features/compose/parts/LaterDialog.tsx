// Asks for the date and time at which a message is to be sent.
import { useState } from "preact/hooks";
import { longDate } from "../../../i18n/dates";
import { t } from "../../../i18n/words";
import { Dialog } from "../../../views/Dialog";
import { mostHeld } from "../limits";
import { fieldValue, moments } from "../times";

export function LaterDialog({ onClose, onChoose }: { onClose: () => void; onChoose: (at: Date) => void }) {
  const [wrong, setWrong] = useState("");
  const latest = new Date(Date.now() + mostHeld() * 1000 - 60_000);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const at = new Date(String(new FormData(event.currentTarget as HTMLFormElement).get("at")));
    if (!(at.getTime() > Date.now() + 60_000)) return setWrong(t("compose.at.past"));
    if (at > latest) return setWrong(t("compose.at.too-late", { date: longDate(latest.toISOString()) }));
    onClose();
    onChoose(at);
  };
  return (
    <Dialog title={t("compose.later")} onClose={onClose} narrow>
      <form class="ask" noValidate onSubmit={submit}>
        <input class="field" type="datetime-local" name="at" autoFocus required aria-label={t("compose.at.when")} min={fieldValue(new Date())} max={fieldValue(latest)} defaultValue={fieldValue(moments(new Date()).at(-1)?.at ?? latest)} />
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <button type="submit" class="primary">
          {t("compose.at.send")}
        </button>
      </form>
    </Dialog>
  );
}
