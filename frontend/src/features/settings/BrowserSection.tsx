// The browsers in which one is signed in: seen, and signed out.
import { shortDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { Entry } from "./Entry";
import { Section } from "./Section";
import { agentName } from "./agents";
import { change, doing, useListing } from "./listing";
import type { Browser } from "./methods";

export function BrowserSection() {
  const { rows, reload } = useListing("BrowserSession");
  const end = (which: readonly Browser[]) =>
    void doing(async () => {
      for (const one of which) await change("BrowserSession", { destroy: one.id });
      await reload();
    }, "settings.browser-ended");
  const others = rows?.filter((one) => !one.isCurrent) ?? [];
  return (
    <Section title={t("settings.browsers")} about={t("settings.browsers-about")}>
      <ul class="settings-list">
        {rows?.map((one) => (
          <Entry key={one.id} name={agentName(one.agent)} facts={factsOf(one)}>
            {one.isCurrent ? (
              <span class="badge">{t("settings.this-browser")}</span>
            ) : (
              <button type="button" class="quiet danger" aria-label={t("settings.sign-out-one", { name: agentName(one.agent) })} onClick={() => end([one])}>
                {t("settings.sign-out")}
              </button>
            )}
          </Entry>
        ))}
      </ul>
      {others.length > 1 && (
        <button type="button" class="secondary danger" onClick={() => end(others)}>
          {t("settings.sign-out-others", { count: others.length })}
        </button>
      )}
    </Section>
  );
}

function factsOf(one: Browser): string {
  return [one.ip, howOf(one.credential), t("settings.last-used", { when: shortDate(one.lastUsed) })].join(" · ");
}

function howOf(credential: string): string {
  if (credential.startsWith("passkey")) return t("settings.by-passkey", { name: credential.slice(8) });
  return t(credential === "password and code" ? "settings.by-code" : "settings.by-password");
}
