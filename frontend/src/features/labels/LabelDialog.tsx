// Asks for the name of a label.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { Dialog } from "../../views/Dialog";
import { asked } from "./asked";
import { changeLabel, makeLabel } from "./labels";

export function LabelDialog() {
  const what = asked.value;
  const [wrong, setWrong] = useState("");
  if (!what) return null;
  const close = () => {
    asked.value = null;
    setWrong("");
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get("name")).trim();
    try {
      if (name) await (what.kind === "rename" ? changeLabel(what.label, { name }) : makeLabel(name));
      close();
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog title={what.kind === "rename" ? t("labels.rename-title", { name: what.label.name }) : t("command.labels.new")} onClose={close} narrow>
      <form class="ask" onSubmit={(event) => void submit(event)}>
        <input class="field" name="name" autoFocus required maxLength={60} aria-label={t("labels.name")} defaultValue={what.kind === "rename" ? what.label.name : ""} />
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <button type="submit" class="primary">
          {t(what.kind === "rename" ? "labels.rename" : "labels.make")}
        </button>
      </form>
    </Dialog>
  );
}
