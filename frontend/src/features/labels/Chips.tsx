// The labels of a conversation, in a row of the list.
import { t } from "../../i18n/words";
import type { EmailRow } from "../../jmap/records";
import { Icon } from "../../views/Icon";
import { labelsOf } from "./labels";

export function Chips({ emails }: { emails: readonly EmailRow[] }) {
  const found = labelsOf(emails);
  const muted = emails.some((email) => "$muted" in email.keywords);
  if (!found.length && !muted) return null;
  return (
    <span class="chips">
      {muted && <Icon name="mute" label={t("labels.muted")} />}
      {found.map((label) => (
        <span key={label.keyword} class="chip" style={{ "--hue": label.hue }}>
          <bdi>{label.name}</bdi>
        </span>
      ))}
    </span>
  );
}
