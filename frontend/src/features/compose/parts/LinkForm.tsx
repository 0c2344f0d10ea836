// Asks for the address of a link.
import { t } from "../../../i18n/words";
import { Dialog } from "../../../views/Dialog";
import { linkOf } from "../links";
import type { Squire } from "../squire";

export function LinkForm({ editor, onClose }: { editor: Squire; onClose: () => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const url = linkOf(String(new FormData(event.currentTarget as HTMLFormElement).get("url")));
    onClose();
    setTimeout(() => link(editor, url)); // when the dialog is gone: it keeps the focus
  };
  return (
    <Dialog title={t("compose.format.link")} onClose={onClose} narrow>
      <form class="ask" onSubmit={submit}>
        <input class="field" name="url" autoFocus required inputMode="url" placeholder="https://" aria-label={t("compose.link-address")} />
        <button type="submit" class="primary">
          {t("compose.link-make")}
        </button>
      </form>
    </Dialog>
  );
}

function link(editor: Squire, url: string | null): void {
  editor.focus();
  if (url) editor.makeLink(url);
  const place = editor.getSelection();
  place.collapse(false);
  editor.setSelection(place);
}
