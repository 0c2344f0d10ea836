// What more there is to see of a message.
import { t } from "../../i18n/words";
import type { EmailRow } from "../../jmap/records";
import { isRich } from "../../reading/MessageBody";
import { isDark, isLight, isPlain, toggleLight, togglePlain } from "../../reading/view_choice";
import { emailBody } from "../../state/emails";
import { BASE } from "../../state/route";
import { Icon } from "../../views/Icon";
import { Popup } from "../../views/Popup";
import { printMessage } from "./printing";

export function MessageMenu({ email }: { email: EmailRow }) {
  const body = emailBody(email.id);
  const rich = body !== undefined && isRich(body);
  const id = encodeURIComponent(email.id);
  return (
    <Popup label={t("message.more")} button={<Icon name="more" />}>
      <a href={`${BASE}/journey/${id}`}>
        <Icon name="route" />
        {t("journey.open")}
      </a>
      <a href={`${BASE}/source/${id}`}>
        <Icon name="source" />
        {t("source.open")}
      </a>
      {rich && (
        <button type="button" onClick={() => togglePlain(email.id)}>
          <Icon name="text" />
          {t(isPlain(email.id) ? "reading.formatted" : "reading.plain")}
        </button>
      )}
      {rich && isDark() && !isPlain(email.id) && (
        <button type="button" onClick={() => toggleLight(email.id)}>
          <Icon name="eye" />
          {t(isLight(email.id) ? "reading.dark" : "reading.light")}
        </button>
      )}
      <button type="button" onClick={() => printMessage(email.id)}>
        <Icon name="print" />
        {t("reading.print")}
      </button>
    </Popup>
  );
}
