// The addresses under which one writes, with name and signature.
import { t } from "../../i18n/words";
import { IdentityForm } from "./IdentityForm";
import { MailtoSection } from "./MailtoSection";
import { NamedForm } from "./NamedForm";
import { Section } from "./Section";
import { change, doing, useListing } from "./listing";

export function IdentityPart() {
  const { rows, reload } = useListing("Identity");
  const add = (email: string) =>
    doing(async () => {
      await change("Identity", { create: { email } });
      await reload();
    }, "settings.identity-added");
  return (
    <>
      {rows?.map((one) => (
        <IdentityForm key={one.id} identity={one} reload={reload} />
      ))}
      <Section title={t("settings.identity-another")} about={t("settings.identity-another-about")}>
        <NamedForm label={t("settings.identity-address")} button={t("settings.identity-add")} example={t("settings.identity-example")} onSubmit={add} />
      </Section>
      <MailtoSection />
    </>
  );
}
