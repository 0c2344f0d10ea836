// The head of a page about a message, with the way back to it.
import { t } from "../../i18n/words";
import { emailRow } from "../../state/emails";
import { source } from "../../state/list";
import { BASE } from "../../state/route";
import { Icon } from "../../views/Icon";

export function PageHead({ title, subtitle, emailId }: { title: string; subtitle?: string; emailId?: string }) {
  const thread = emailId ? emailRow(emailId)?.threadId : undefined;
  const list = source.value?.path ?? "/folder/inbox";
  return (
    <header class="page-head">
      <a class="quiet" href={`${BASE}${list}${thread ? `/${encodeURIComponent(thread)}` : ""}`} aria-label={t("knowing.back")} title={t("knowing.back")}>
        <Icon name="back" />
      </a>
      <div>
        <h1>{title}</h1>
        {subtitle && <p dir="auto">{subtitle}</p>}
      </div>
    </header>
  );
}
