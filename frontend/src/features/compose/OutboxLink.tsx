// Below the mailboxes: what waits for a connection to be sent, while anything does.
import { number, t } from "../../i18n/words";
import { place } from "../../state/route";
import { Icon } from "../../views/Icon";
import { outboxCount } from "./windows";

export function OutboxLink() {
  const open = place.value.path.startsWith("/outbox");
  if (!outboxCount.value && !open) return null;
  return (
    <ul class="boxes">
      <li>
        <a class="box" href="/mail/outbox" aria-current={open ? "page" : undefined}>
          <Icon name="sent" />
          <span class="name">{t("outbox.title")}</span>
          <span class="count">{outboxCount.value ? number(outboxCount.value) : ""}</span>
        </a>
      </li>
    </ul>
  );
}
