// Asks to whom a message is to go on as it is, and under which address of one's own.
import { useEffect, useMemo, useState } from "preact/hooks";
import { t } from "../../../i18n/words";
import { nameOf } from "../../../mail/people";
import { peekRow } from "../../../state/emails";
import { Dialog } from "../../../views/Dialog";
import { loadIdentities } from "../identities";
import { newRedirecting, redirect } from "../redirecting";
import { said } from "../refusals";
import { redirecting } from "../windows";
import { AddressField } from "./AddressField";
import { FromField } from "./FromField";
import "../compose.css";

export function RedirectDialog({ id }: { id: string }) {
  const work = useMemo(newRedirecting, [id]);
  const one = work.fields;
  const [busy, setBusy] = useState(false);
  const close = () => (redirecting.value = null);
  const row = peekRow(id);
  const wrong = one.wrong.value.whole;
  useEffect(() => void loadIdentities().catch(() => {}), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    redirect(work, id)
      .then((gone) => gone && close())
      .catch((error: unknown) => (one.wrong.value = { whole: said(error) }))
      .finally(() => setBusy(false));
  };
  return (
    <Dialog title={t("command.compose.redirect")} onClose={close} narrow>
      <form class="ask compose-redirect" noValidate onSubmit={submit}>
        <p class="note">{t("redirect.what", { who: row?.from?.map(nameOf).join(", ") || "?", subject: row?.subject?.trim() || t("mail.no-subject") })}</p>
        <div class="compose-fields">
          <FromField one={one} />
          <AddressField one={one} name="to" focus />
        </div>
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <button type="submit" class="primary" aria-disabled={busy}>
          {t("redirect.send")}
        </button>
      </form>
    </Dialog>
  );
}
