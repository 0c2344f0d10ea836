// In place of what does not come, or has not come yet.
import { t } from "../../i18n/words";

export function Waiting({ error }: { error: Error | undefined }) {
  if (error) return <p class="wrong" role="alert">{error.message}</p>;
  return <p class="note" role="status">{t("attachments.loading")}</p>;
}
