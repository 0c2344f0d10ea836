// Pages that link to an address: the browser may open such links here (RFC 6068; HTML, registerProtocolHandler). The browser asks whether it may.
import { t } from "../../i18n/words";
import { mailLink } from "../../reading/mail_links";
import { toast } from "../../state/toasts";
import { Section } from "./Section";

export function MailtoSection() {
  if (!("registerProtocolHandler" in navigator)) return null;
  const register = () => {
    navigator.registerProtocolHandler("mailto", mailLink("%s").replace("%25s", "%s"));
    toast(t("settings.mailto-asked"));
  };
  return (
    <Section title={t("settings.mailto")} about={t("settings.mailto-about")}>
      <button type="button" class="secondary" onClick={register}>
        {t("settings.mailto-here")}
      </button>
    </Section>
  );
}
