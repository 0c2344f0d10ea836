// What a mail program is set up with, where it does not find that itself.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { problem } from "../../state/toasts";
import { Section } from "./Section";
import type { Service } from "./methods";
import { protocolName } from "./protocols";

export function ProgramsPart() {
  const [found, setFound] = useState<{ username: string; services: Service[] } | null>(null);
  useEffect(() => void jmap.call("MailPrograms/get", {}).then(setFound, problem), []);
  return (
    <Section alone title={t("settings.programs")} about={t("settings.programs-about")}>
      <p>
        {t("settings.programs-username")} <code>{found?.username}</code>
      </p>
      <div class="settings-table few" role="group" tabIndex={0} aria-label={t("settings.programs")}>
        <table>
          <thead>
            <tr>
              {["purpose", "server", "port", "security"].map((one) => (
                <th key={one} scope="col">
                  {t(`settings.programs-${one}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found?.services.map((one) => (
              <tr key={`${one.protocol} ${one.port}`}>
                <td>
                  {t(one.protocol === "smtp" ? "settings.programs-sending" : "settings.programs-reading")} ({protocolName(one.protocol)})
                </td>
                <td>
                  <code>{one.host}</code>
                </td>
                <td>
                  <code>{one.port}</code>
                </td>
                <td>{one.isTls ? "TLS" : "STARTTLS"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="about">
        {t("settings.programs-password")} <a href="/mail/settings/security">{t("settings.security")}</a>
      </p>
    </Section>
  );
}
