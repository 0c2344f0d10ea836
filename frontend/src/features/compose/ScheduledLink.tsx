// Below the mailboxes: what waits for its time, while anything does.
import { t, number } from "../../i18n/words";
import { place } from "../../state/route";
import { Icon } from "../../views/Icon";
import { scheduledCount } from "./windows";

export function ScheduledLink() {
  const open = place.value.path.startsWith("/scheduled");
  if (!scheduledCount.value && !open) return null;
  return (
    <ul class="boxes">
      <li>
        <a class="box" href="/mail/scheduled" aria-current={open ? "page" : undefined}>
          <Icon name="clock" />
          <span class="name">{t("compose.scheduled")}</span>
          <span class="count">{scheduledCount.value ? number(scheduledCount.value) : ""}</span>
        </a>
      </li>
    </ul>
  );
}
