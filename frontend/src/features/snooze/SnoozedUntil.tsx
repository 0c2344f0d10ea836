// When a conversation comes back, in its row.
import { headDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import type { EmailRow } from "../../jmap/records";
import { snoozes } from "./snoozing";

export function SnoozedUntil({ emails }: { emails: readonly EmailRow[] }) {
  const times = emails.map((row) => snoozes.value.get(row.id)?.until).filter((one) => one !== undefined);
  const first = times.sort()[0];
  return first ? <span class="chip snoozed">{t("snooze.until", { when: headDate(first) })}</span> : null;
}
