// App passwords: listed, made (the secret is shown once), removed.
import { useState } from "preact/hooks";
import { shortDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { toast } from "../../state/toasts";
import { Entry } from "./Entry";
import { NamedForm } from "./NamedForm";
import { RemoveButton } from "./RemoveButton";
import { Section } from "./Section";
import { change, doing, useListing } from "./listing";
import type { AppPassword } from "./methods";
import { protocolsOf } from "./protocols";

const USES: Record<string, string[]> = { mail: ["imap", "smtp", "pop3", "sieve", "jmap"], read: ["imap", "pop3"], send: ["smtp"] };

export function AppPasswordSection() {
  const { rows, reload } = useListing("AppPassword");
  const [secret, setSecret] = useState("");
  const add = (label: string, form: FormData) =>
    doing(async () => {
      const made = await change("AppPassword", { create: { label, scopes: USES[String(form.get("use"))] ?? [] } });
      setSecret(String(made["secret"]));
      await reload();
    });
  const remove = (one: AppPassword) =>
    void doing(async () => {
      await change("AppPassword", { destroy: one.id });
      setSecret("");
      await reload();
    }, "settings.app-password-removed");
  const copy = () => void doing(() => navigator.clipboard.writeText(secret).then(() => toast(t("settings.copied"))));
  return (
    <Section title={t("settings.app-passwords")} about={t("settings.app-passwords-about")}>
      <ul class="settings-list">
        {rows?.map((one) => (
          <Entry key={one.id} name={one.label} facts={factsOf(one)}>
            <RemoveButton name={one.label} onRemove={() => remove(one)} />
          </Entry>
        ))}
      </ul>
      {secret && (
        <div class="settings-secret" role="status">
          <p>{t("settings.app-password-once")}</p>
          <code class="secret">{secret}</code>
          <button type="button" class="secondary" onClick={copy}>
            {t("settings.copy")}
          </button>
        </div>
      )}
      <NamedForm label={t("settings.app-password-name")} button={t("settings.app-password-make")} example={t("settings.app-password-example")} onSubmit={add}>
        <label>
          <span>{t("settings.app-password-use")}</span>
          <select class="field" name="use">
            {Object.keys(USES).map((one) => (
              <option key={one} value={one}>
                {t(`settings.use-${one}`)}
              </option>
            ))}
          </select>
        </label>
      </NamedForm>
    </Section>
  );
}

function factsOf(one: AppPassword): string {
  const used = one.lastUsed ? t("settings.last-used", { when: shortDate(one.lastUsed) }) : t("settings.never-used");
  return [protocolsOf(one.scopes), t("settings.made", { when: shortDate(one.created) }), used].join(" · ");
}
