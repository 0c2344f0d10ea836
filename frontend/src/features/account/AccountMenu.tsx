// The menu behind the picture of who is signed in.
import { command, run } from "../../commands/run";
import { t } from "../../i18n/words";
import { session, signOut } from "../../state/session";
import { problem } from "../../state/toasts";
import { type Theme, theme } from "../../state/theme";
import { Avatar } from "../../views/Avatar";
import { LanguageChoice } from "../../views/LanguageChoice";
import { NotificationSwitch } from "../offline/NotificationSwitch";
import { Icon } from "../../views/Icon";
import { Popup } from "../../views/Popup";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function AccountMenu() {
  const name = session.value?.username ?? "";
  return (
    <Popup label={t("account.menu")} button={<Avatar address={{ name: null, email: name }} />}>
      <p class="menu-head">{name}</p>
      <fieldset class="switch">
        <legend>{t("theme.theme")}</legend>
        {THEMES.map((one) => (
          <label key={one}>
            <input type="radio" name="theme" checked={theme.value === one} onChange={() => (theme.value = one)} />
            <span>{t(`theme.${one}`)}</span>
          </label>
        ))}
      </fieldset>
      <a href="/mail/settings/security">
        <Icon name="settings" />
        {t("command.settings.open")}
      </a>
      {["bulk.recent", "keyboard.help"].map((id) => (
        <button key={id} type="button" onClick={() => run(id)}>
          <Icon name={command(id)?.icon ?? ""} />
          {t(`command.${id}`)}
        </button>
      ))}
      <LanguageChoice />
      <NotificationSwitch />
      <button type="button" onClick={() => void signOut().catch(problem)}>
        <Icon name="leave" />
        {t("command.account.sign-out")}
      </button>
    </Popup>
  );
}
