// Above the list, when all that was fetched of it is selected and there is more: a way to mean all of it.
import { t } from "../../i18n/words";
import { listed, source } from "../../state/list";
import { everything, marked, unmarkAll } from "../../state/selection";
import { problem } from "../../state/toasts";
import { meanAll } from "./meaning";

export function EverythingBar() {
  const count = marked.value.size;
  const { window } = listed.value;
  const title = source.value?.title ?? "";
  if (everything.value) {
    return (
      <p class="everything" role="status">
        {t("bulk.all-meant", { count: everything.value, list: title })}{" "}
        <button type="button" class="link" onClick={unmarkAll}>
          {t("command.list.unmark")}
        </button>
      </p>
    );
  }
  if (!count || count < window.known().length || count >= window.total) return null;
  return (
    <p class="everything" role="status">
      {t("bulk.some-meant", { count })}{" "}
      <button type="button" class="link" onClick={() => void meanAll().catch(problem)}>
        {t("bulk.mean-all", { count: window.total, list: title })}
      </button>
    </p>
  );
}
