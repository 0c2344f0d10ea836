// The button above the mailboxes that begins a new message.
import { command } from "../../commands/run";
import { t } from "../../i18n/words";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import "./button.css";

export function ComposeButton() {
  const begin = () => void Promise.resolve(command("compose.new")?.run()).catch(problem);
  return (
    <button type="button" class="primary compose-button" aria-keyshortcuts="c" title={`${t("command.compose.new")} (c)`} onClick={begin}>
      <Icon name="draft" />
      {t("compose.write")}
    </button>
  );
}
