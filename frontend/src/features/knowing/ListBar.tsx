// The way off a mailing list: one click where that is proven to be safe (RFC 8058), else a letter or the list's own page.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { MethodError, jmap } from "../../jmap/client";
import type { EmailRow } from "../../jmap/records";
import { mailLink } from "../../reading/mail_links";
import { problem, toast } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import type { Facts } from "./records";

export function ListBar({ email, offer }: { email: EmailRow; offer: Facts["unsubscribe"] }) {
  const [state, setState] = useState<"" | "busy" | "left">("");
  if (!offer.oneClick && !offer.mailto && !offer.link) return null;
  const leave = async () => {
    if (state === "busy") return;
    if (!confirm(t("unsubscribe.ask", { who: email.from?.[0]?.email ?? "" }))) return;
    setState("busy");
    try {
      const told = await jmap.call("MailingList/leave", { emailId: email.id });
      setState(told.left ? "left" : "");
      if (told.left) toast(t("unsubscribe.done"));
      else problem(new Error(t("unsubscribe.refused", { status: told.status })));
    } catch (error) {
      setState("");
      problem(error instanceof MethodError && error.description ? new Error(error.description) : error);
    }
  };
  return (
    <p class="bar">
      <Icon name="info" />
      <span>{t(state === "left" ? "unsubscribe.done" : "unsubscribe.list")}</span>
      {state !== "left" && <Way offer={offer} busy={state === "busy"} leave={() => void leave()} />}
    </p>
  );
}

function Way({ offer, busy, leave }: { offer: Facts["unsubscribe"]; busy: boolean; leave: () => void }) {
  if (offer.oneClick) {
    return (
      <button type="button" class="link" aria-disabled={busy} onClick={leave}>
        {t("unsubscribe.click")}
      </button>
    );
  }
  const by = offer.mailto || offer.link;
  return (
    <a class="link" href={offer.mailto ? mailLink(by) : by} title={by} {...(offer.mailto ? {} : { target: "_blank", rel: "noopener noreferrer" })}>
      {t(offer.mailto ? "unsubscribe.mail" : "unsubscribe.page")}
    </a>
  );
}
