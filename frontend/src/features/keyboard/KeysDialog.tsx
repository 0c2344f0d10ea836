// What the keys do, out of the table of commands.
import { titleOf } from "../../commands/command";
import { t } from "../../i18n/words";
import { keyboardPreference, keysOf } from "../../keys/keymap";
import { BASE } from "../../state/route";
import { Dialog } from "../../views/Dialog";
import { Keys } from "./Keys";
import { groups } from "./groups";
import { helpOpen } from "./help";

export function KeysDialog() {
  if (!helpOpen.value) return null;
  const close = () => (helpOpen.value = false);
  const shown = groups()
    .map((group) => ({ ...group, commands: group.commands.filter((command) => keysOf(command).length) }))
    .filter((group) => group.commands.length);
  return (
    <Dialog title={t("keyboard.title")} onClose={close}>
      {keyboardPreference().letters === false && <p class="keys-off">{t("keyboard.letters-are-off")}</p>}
      <div class="key-groups">
        {shown.map((group) => (
          <section key={group.name}>
            <h3>{group.title}</h3>
            <dl>
              {group.commands.map((command) => (
                <div key={command.id}>
                  <dt>{t(titleOf(command))}</dt>
                  <dd>
                    {keysOf(command).map((keys) => (
                      <Keys key={keys} keys={keys} />
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p>
        <a href={`${BASE}/settings/keyboard`} onClick={close}>
          {t("keyboard.change")}
        </a>
      </p>
    </Dialog>
  );
}
