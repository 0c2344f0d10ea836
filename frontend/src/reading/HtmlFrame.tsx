// A message's HTML in a frame of its own: no scripts, no origin, nothing from elsewhere; links open in new tabs.
// A frame without an origin cannot tell how high it is, so it scrolls by itself beyond the height of the window.
import { t } from "../i18n/words";

export function HtmlFrame({ html }: { html: TrustedHTML | string }) {
  return (
    <iframe
      class="html-body"
      title={t("message.text")}
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      referrerpolicy="no-referrer"
      srcdoc={html as string}
    />
  );
}
