// Above a text that is signed or encrypted: what that means for who reads it here.
import { t } from "../i18n/words";
import { Icon } from "../views/Icon";
import type { Seal } from "./sealed";

export function SealBar({ seal }: { seal: Seal }) {
  return (
    <p class="bar" role="note">
      <Icon name={seal === "signed" ? "info" : "lock"} />
      <span>{t(`reading.${seal}`)}</span>
    </p>
  );
}
