// The button that begins a new message where the mailboxes with theirs are out of sight: over the list's end, below a thumb.
import { run } from "../../commands/run";
import { t } from "../../i18n/words";
import { Icon } from "../../views/Icon";

export function FloatingWrite() {
  return (
    <button type="button" class="primary floating-write" aria-label={t("command.compose.new")} onClick={() => run("compose.new")}>
      <Icon name="draft" />
    </button>
  );
}
