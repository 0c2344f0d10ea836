// Contacts into a file that the browser keeps.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { toast } from "../../state/toasts";
import { Dialog } from "../../views/Dialog";
import { cards, ordered } from "./book";
import { FORMATS, type Format } from "./records";
import { shownOf, which } from "./shown";
import { giveOut } from "./transfer";

export function ExportDialog({ onClose }: { onClose: () => void }) {
  const [format, setFormat] = useState<Format>("vcard");
  const [shown, setShown] = useState(false);
  const [wrong, setWrong] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const some = shown ? { ids: shownOf(ordered.value, which.value, cards.value).map((one) => one.id) } : {};
    try {
      const told = await giveOut(format, some);
      toast(t("contacts.exported", { count: told.cards }));
      if (told.leftOut) toast(t("contacts.left-out", { count: told.leftOut }), { kind: "problem" });
      onClose();
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog title={t("contacts.export")} onClose={onClose} narrow>
      <form class="ask contact-ask" onSubmit={(event) => void submit(event)}>
        <fieldset>
          <legend>{t("contacts.format")}</legend>
          {FORMATS.map((one) => (
            <label class="contact-check" key={one}>
              <input type="radio" name="format" checked={format === one} onChange={() => setFormat(one)} />
              <span>{t(`contacts.format.${one}`)}</span>
            </label>
          ))}
        </fieldset>
        {which.value && (
          <label class="contact-check">
            <input type="checkbox" checked={shown} onChange={() => setShown(!shown)} />
            <span>{t("contacts.only-shown")}</span>
          </label>
        )}
        <p class="wrong" role="alert">{wrong}</p>
        <button type="submit" class="primary">{t("contacts.give")}</button>
      </form>
    </Dialog>
  );
}
