// Changes of many messages that the server remembers: each can be taken back, from any browser, for some days.
import { headDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { type BulkChange, bulkChanges, undoBulk } from "../../state/bulk";
import { problem } from "../../state/toasts";
import { Dialog } from "../../views/Dialog";
import { recentOpen } from "./recent";

export function RecentChanges() {
  if (!recentOpen.value) return null;
  const all = bulkChanges.value;
  return (
    <Dialog title={t("command.bulk.recent")} onClose={() => (recentOpen.value = false)}>
      {all.length ? (
        <ul class="bulk-recent">
          {all.map((one) => (
            <Remembered key={one.id} one={one} />
          ))}
        </ul>
      ) : (
        <p>{t("bulk.none-recent")}</p>
      )}
    </Dialog>
  );
}

function Remembered({ one }: { one: BulkChange }) {
  return (
    <li>
      <span>
        <strong>{one.name}</strong>
        <small>
          {headDate(one.createdAt)} · {t(`bulk.state.${one.state}`, { count: one.changed, why: one.problem ?? "" })}
        </small>
      </span>
      {one.undoableUntil && (
        <button type="button" class="quiet" onClick={() => void undoBulk(one.id).catch(problem)}>
          {t("undo.undo")}
        </button>
      )}
    </li>
  );
}
