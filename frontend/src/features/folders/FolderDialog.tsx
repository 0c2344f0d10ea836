// Asks for the name of a mailbox.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { mailboxName } from "../../state/mailboxes";
import { Dialog } from "../../views/Dialog";
import { type Asked, asked } from "./asked";
import { make, rename } from "./changing";

export function FolderDialog() {
  const what = asked.value;
  return what && <Open what={what} />;
}

function titleOf(what: Asked): string {
  if (what.kind === "rename") return t("folders.rename-title", { name: mailboxName(what.mailbox) });
  return what.parent ? t("folders.new-in", { name: mailboxName(what.parent) }) : t("command.folders.new");
}

function Open({ what }: { what: Asked }) {
  const [wrong, setWrong] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get("name")).trim();
    try {
      if (name) await (what.kind === "rename" ? rename(what.mailbox, name) : make(name, what.parent));
      asked.value = null;
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog title={titleOf(what)} onClose={() => (asked.value = null)} narrow>
      <form class="ask" onSubmit={(event) => void submit(event)}>
        <input class="field" name="name" autoFocus required maxLength={255} aria-label={t("folders.name")} defaultValue={what.kind === "rename" ? what.mailbox.name : ""} />
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <button type="submit" class="primary">
          {t(what.kind === "rename" ? "folders.rename" : "folders.make")}
        </button>
      </form>
    </Dialog>
  );
}
