// Settings: other keys for commands, or none, or no letters at all; for all browsers of the account.
import { useState } from "preact/hooks";
import { type Command, titleOf } from "../../commands/command";
import { t } from "../../i18n/words";
import { chosenKeys, keyboardPreference, resetKeys, setKeys, setLetters } from "../../keys/keymap";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { KeyCapture } from "./KeyCapture";
import { Keys } from "./Keys";
import { groups } from "./groups";

export function KeyboardPart() {
  const [asking, setAsking] = useState("");
  const off = keyboardPreference().letters === false;
  return (
    <div class="keyboard-part">
      <label class="check">
        <input type="checkbox" checked={!off} onChange={(event) => void setLetters(event.currentTarget.checked).catch(problem)} />
        <span>{t("keyboard.letters")}</span>
      </label>
      <p class="hint">{t("keyboard.letters-hint")}</p>
      {groups().map((group) => (
        <section key={group.name} aria-label={group.title}>
          <h2>{group.title}</h2>
          <ul>
            {group.commands.map((command) => (
              <Line key={command.id} command={command} asking={asking === command.id} onAsk={(on) => setAsking(on ? command.id : "")} />
            ))}
          </ul>
        </section>
      ))}
      <button type="button" class="primary" onClick={() => void resetKeys().catch(problem)}>
        {t("keyboard.reset")}
      </button>
    </div>
  );
}

function Line({ command, asking, onAsk }: { command: Command; asking: boolean; onAsk: (on: boolean) => void }) {
  const title = t(titleOf(command));
  const keys = chosenKeys(command);
  const own = keyboardPreference().keys?.[command.id] === undefined;
  const take = (next: readonly string[] | null) => {
    onAsk(false);
    void setKeys(command, next).catch(problem);
  };
  return (
    <li>
      <span>{title}</span>
      {asking ? (
        <KeyCapture command={command} onDone={(made) => (made ? take([made]) : onAsk(false))} />
      ) : (
        <span class="key-ways">
          {keys.map((one) => (
            <Keys key={one} keys={one} />
          ))}
          <button type="button" class="quiet" aria-label={t("keyboard.change-of", { what: title })} onClick={() => onAsk(true)}>
            <Icon name="draft" />
          </button>
          {keys.length > 0 && (
            <button type="button" class="quiet" aria-label={t("keyboard.none-for", { what: title })} onClick={() => take([])}>
              <Icon name="close" />
            </button>
          )}
          {!own && (
            <button type="button" class="quiet" aria-label={t("keyboard.own-for", { what: title })} onClick={() => take(null)}>
              <Icon name="undo" />
            </button>
          )}
        </span>
      )}
    </li>
  );
}
