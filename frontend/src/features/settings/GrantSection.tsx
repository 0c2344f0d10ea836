// Programs that one has allowed by OAuth.
import { shortDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { Entry } from "./Entry";
import { RemoveButton } from "./RemoveButton";
import { Section } from "./Section";
import { change, doing, useListing } from "./listing";
import type { Grant } from "./methods";
import { protocolsOf } from "./protocols";

export function GrantSection() {
  const { rows, reload } = useListing("Grant");
  const end = (one: Grant) =>
    void doing(async () => {
      await change("Grant", { destroy: one.id });
      await reload();
    }, "settings.grant-ended");
  const factsOf = (one: Grant) =>
    [protocolsOf(one.scopes), t("settings.allowed", { when: shortDate(one.created) }), ...(one.lastUsed ? [t("settings.last-used", { when: shortDate(one.lastUsed) })] : [])].join(" · ");
  return (
    <Section title={t("settings.grants")} about={t(rows?.length === 0 ? "settings.grants-none" : "settings.grants-about")}>
      <ul class="settings-list">
        {rows?.map((one) => (
          <Entry key={one.id} name={one.label} facts={factsOf(one)}>
            <RemoveButton name={one.label} verb="revoke" onRemove={() => end(one)} />
          </Entry>
        ))}
      </ul>
    </Section>
  );
}
