// The labels of the open conversation: each leads to all that have it, and can be taken away.
import { t } from "../../i18n/words";
import { setKeywords } from "../../mail/actions";
import { emailRow, threadEmails } from "../../state/emails";
import { BASE } from "../../state/route";
import { Icon } from "../../views/Icon";
import { labelsOf } from "./labels";

export function ThreadLabels({ threadId }: { threadId: string }) {
  const emails = (threadEmails(threadId) ?? []).map(emailRow).filter((row) => row !== undefined);
  const found = labelsOf(emails);
  const first = emails[0];
  if (!found.length || !first) return null;
  return (
    <ul class="thread-labels" aria-label={t("labels.labels")}>
      {found.map((label) => (
        <li key={label.keyword} class="chip" style={{ "--hue": label.hue }}>
          <a href={`${BASE}/label/${encodeURIComponent(label.keyword)}`}>
            <bdi>{label.name}</bdi>
          </a>
          <button
            type="button"
            aria-label={t("labels.remove", { name: label.name })}
            onClick={() => void setKeywords([first.id], { [label.keyword]: false }, t("labels.removed", { name: label.name }))}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}
