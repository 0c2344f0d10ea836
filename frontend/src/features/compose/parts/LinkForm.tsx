// Asks for the address of a link.
import { t } from "../../../i18n/words";
import { Dialog } from "../../../views/Dialog";
import type { Squire } from "../squire";

/** An address that may be a link; what has no scheme is one of the web, or of mail. */
export function linkOf(text: string): string | null {
  const bare = text.trim();
  if (/^(?:https?|mailto|tel|ftp):\S+$/i.test(bare)) return bare;
  if (/^[a-z][a-z0-9+.-]*:(?!\d)/i.test(bare) || /\s/.test(bare) || !bare) return null;
  return bare.includes("@") && !bare.includes("/") ? `mailto:${bare}` : `https://${bare}`;
}

export function LinkForm({ editor, onClose }: { editor: Squire; onClose: () => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const url = linkOf(String(new FormData(event.currentTarget as HTMLFormElement).get("url")));
    onClose();
    if (url) editor.makeLink(url);
    editor.focus();
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
