// One-time codes: enrolled with a picture, confirmed by a first code, turned off.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { CodeField } from "../../views/CodeField";
import { QrCode } from "./QrCode";
import { Section } from "./Section";
import { change, doing, useListing } from "./listing";

interface Enrolled {
  secret: string;
  uri: string;
}

export function CodesSection() {
  const { rows, reload } = useListing("OneTimeCodes");
  const [enrolled, setEnrolled] = useState<Enrolled | null>(null);
  const set = (values: object) => change("OneTimeCodes", { update: ["singleton", values] });
  const enrol = () =>
    doing(async () => {
      setEnrolled((await set({ state: "unconfirmed" })) as unknown as Enrolled);
      await reload();
    });
  const confirm = (event: SubmitEvent) => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget as HTMLFormElement).get("code"));
    void doing(async () => {
      await set({ code });
      setEnrolled(null);
      await reload();
    }, "settings.codes-are-on");
  };
  const end = () =>
    doing(async () => {
      await set({ state: "off" });
      setEnrolled(null);
      await reload();
    }, "settings.codes-are-off");
  const on = rows?.[0]?.state === "on";
  return (
    <Section title={t("settings.codes")} about={t(on ? "settings.codes-on-about" : "settings.codes-about")}>
      {enrolled && (
        <form class="settings-form" onSubmit={confirm}>
          <p>{t("settings.codes-scan")}</p>
          <QrCode text={enrolled.uri} label={t("settings.codes-picture")} />
          <p>
            {t("settings.codes-secret")} <code class="secret">{enrolled.secret.replace(/(.{4})/g, "$1 ").trim()}</code>
          </p>
          <CodeField />
          <div class="settings-buttons">
            <button type="submit" class="primary">
              {t("settings.codes-confirm")}
            </button>
            <button type="button" class="quiet" onClick={() => void end()}>
              {t("settings.cancel")}
            </button>
          </div>
        </form>
      )}
      {rows && !enrolled && (
        <button type="button" class={`secondary${on ? " danger" : ""}`} onClick={() => void (on ? end() : enrol())}>
          {t(on ? "settings.codes-off" : "settings.codes-enrol")}
        </button>
      )}
    </Section>
  );
}
