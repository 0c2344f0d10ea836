// What is used, of what may be.
import { size } from "../../i18n/sizes";
import { number, t } from "../../i18n/words";
import { mailboxes } from "../../state/mailboxes";
import { Section } from "./Section";
import { useListing } from "./listing";
import type { Quota } from "./methods";

export function StoragePart() {
  const { rows } = useListing("Quota");
  const emails = [...mailboxes.value.values()].reduce((sum, one) => sum + one.totalEmails, 0);
  return (
    <Section alone title={t("settings.storage")}>
      {rows?.map((one) => (
        <Meter key={one.id} quota={one} />
      ))}
      {rows?.length === 0 && <p>{t("settings.storage-unlimited")}</p>}
      <p class="about">{t("settings.storage-emails", { count: emails })}</p>
    </Section>
  );
}

function Meter({ quota }: { quota: Quota }) {
  const shown = quota.resourceType === "octets" ? size : number;
  const words = t("settings.storage-used", { used: shown(quota.used), most: shown(quota.hardLimit) });
  return (
    <p class="settings-meter">
      <span>{t(`settings.storage-${quota.resourceType}`)}</span>
      <meter min={0} max={quota.hardLimit} high={quota.hardLimit * 0.9} value={quota.used} aria-label={words} />
      <span>{words}</span>
    </p>
  );
}
