// Sending at a time: some that people choose mostly, or any (RFC 4865).
import { useState } from "preact/hooks";
import { longDate } from "../../../i18n/dates";
import { t } from "../../../i18n/words";
import { problem } from "../../../state/toasts";
import { Icon } from "../../../views/Icon";
import { Popup } from "../../../views/Popup";
import { send } from "../sending";
import { moments } from "../times";
import type { Compose } from "../windows";
import { LaterDialog } from "./LaterDialog";

export function LaterMenu({ one }: { one: Compose }) {
  const [asking, setAsking] = useState(false);
  const choose = (at: Date) => void send(one, at).catch(problem);
  return (
    <>
      <Popup label={t("compose.later")} button={<Icon name="clock" />}>
        {moments(new Date()).map(({ name, at }) => (
          <button key={name} type="button" class="compose-moment" onClick={() => choose(at)}>
            <span>{t(`compose.at.${name}`)}</span>
            <small>{longDate(at.toISOString())}</small>
          </button>
        ))}
        <button type="button" onClick={() => setAsking(true)}>
          <Icon name="clock" />
          {t("compose.at.other")}
        </button>
      </Popup>
      {asking && <LaterDialog onClose={() => setAsking(false)} onChoose={choose} />}
    </>
  );
}
