// A button for a command: gone when it cannot be done; its key is in the hint.
import type { Command } from "../commands/command";
import { titleOf } from "../commands/command";
import { keysOf } from "../keys/keymap";
import { t } from "../i18n/words";
import { problem } from "../state/toasts";
import { Icon } from "./Icon";

export function CommandButton({ command, words = false }: { command: Command; words?: boolean }) {
  if (!(command.when?.() ?? true)) return null;
  const title = t(titleOf(command));
  const key = keysOf(command)[0];
  const run = () => void Promise.resolve(command.run()).catch(problem);
  return (
    <button type="button" class="tool" aria-label={title} aria-keyshortcuts={key} title={key ? `${title} (${key})` : title} onClick={run}>
      <Icon name={command.icon ?? ""} />
      {words && <span>{title}</span>}
    </button>
  );
}
