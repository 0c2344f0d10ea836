// Passkeys: listed, made, removed.
import { longDate, shortDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { makePasskey, passkeysPossible } from "../../state/passkeys";
import { Entry } from "./Entry";
import { NamedForm } from "./NamedForm";
import { RemoveButton } from "./RemoveButton";
import { Section } from "./Section";
import { confirmed } from "./confirming";
import { Refused, change, doing, elsewhere, useListing } from "./listing";
import type { Passkey } from "./methods";

export function PasskeySection() {
  const { rows, reload } = useListing("Passkey");
  const add = (label: string) =>
    doing(async () => {
      const { challenge, options } = await confirmed(() => jmap.call("Passkey/options", {}));
      const response = await makePasskey(options);
      if (!response) throw new Refused(t("settings.passkey-none"));
      await change("Passkey", { create: { label, challenge, response } });
      await reload();
    }, "settings.passkey-added");
  const remove = (one: Passkey) =>
    void doing(async () => {
      await change("Passkey", { destroy: one.id });
      elsewhere.value++; // and browsers that were signed in with it
    }, "settings.passkey-removed");
  return (
    <Section title={t("settings.passkeys")} about={t("settings.passkeys-about")}>
      <ul class="settings-list">
        {rows?.map((one) => (
          <Entry key={one.id} name={one.label} facts={factsOf(one)} note={one.suspectSince ? t("settings.passkey-suspect", { when: longDate(one.suspectSince) }) : undefined}>
            <RemoveButton name={one.label} onRemove={() => remove(one)} />
          </Entry>
        ))}
      </ul>
      {passkeysPossible() ? (
        <NamedForm label={t("settings.passkey-name")} button={t("settings.passkey-add")} example={t("settings.passkey-example")} onSubmit={add} />
      ) : (
        <p class="about">{t("settings.passkeys-impossible")}</p>
      )}
    </Section>
  );
}

function factsOf(one: Passkey): string {
  const used = one.lastUsed ? t("settings.last-used", { when: shortDate(one.lastUsed) }) : t("settings.never-used");
  return [t("settings.made", { when: shortDate(one.created) }), used, ...(one.isBackedUp ? [t("settings.backed-up")] : [])].join(" · ");
}
