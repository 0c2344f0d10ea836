// One address under which one writes. A signature in rich text is kept as it is, unless the plain one is changed here.
import { t } from "../../i18n/words";
import { RemoveButton } from "./RemoveButton";
import { Section } from "./Section";
import { identityChanges } from "./identity_changes";
import { change, doing } from "./listing";
import type { Identity } from "./methods";

export function IdentityForm({ identity, reload }: { identity: Identity; reload: () => Promise<void> }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string) => String(form.get(name));
    const asked = identityChanges(identity, { name: field("name"), signature: field("signature"), replyTo: field("replyTo") });
    void doing(async () => {
      await change("Identity", { update: [identity.id, asked] });
      await reload();
    }, "settings.saved");
  };
  const remove = () =>
    void doing(async () => {
      await change("Identity", { destroy: identity.id });
      await reload();
    }, "settings.identity-removed");
  return (
    <Section title={identity.email}>
      <form class="settings-form" onSubmit={submit}>
        <label>
          <span>{t("settings.identity-name")}</span>
          <input class="field" name="name" defaultValue={identity.name} maxLength={200} autoComplete="name" />
        </label>
        <label>
          <span>{t("settings.identity-reply-to")}</span>
          <input class="field" name="replyTo" type="email" defaultValue={identity.replyTo?.[0]?.email ?? ""} />
        </label>
        <label>
          <span>{t("settings.identity-signature")}</span>
          <textarea class="field" name="signature" rows={4} defaultValue={identity.textSignature} />
        </label>
        {identity.htmlSignature && <p class="about">{t("settings.identity-rich")}</p>}
        <div class="settings-buttons">
          <button type="submit" class="secondary">
            {t("settings.save")}
          </button>
          {identity.mayDelete && <RemoveButton name={identity.email} onRemove={remove} />}
        </div>
      </form>
    </Section>
  );
}
