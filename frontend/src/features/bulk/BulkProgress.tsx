// What the server is at, with how far it is; beside it, so that one can go on.
import { number, t } from "../../i18n/words";
import { type BulkChange, bulkChanges, isWorking, stopBulk, undoBulk } from "../../state/bulk";
import { problem } from "../../state/toasts";

export function BulkProgress() {
  const working = bulkChanges.value.filter(isWorking);
  if (!working.length) return null;
  return (
    <section class="bulk-progress" aria-label={t("bulk.working")}>
      {working.map((one) => (
        <Working key={one.id} one={one} />
      ))}
    </section>
  );
}

function Working({ one }: { one: BulkChange }) {
  const undoing = one.state === "undoing";
  const title = undoing ? t("bulk.undoing", { name: one.name }) : one.name;
  return (
    <div class="bulk-one">
      <p>
        <strong>{title}</strong>
        <span>{t("bulk.so-far", { done: number(one.done), total: number(one.total) })}</span>
      </p>
      <progress max={one.total} value={one.done} aria-label={title} />
      {!undoing && (
        <span class="bulk-ways">
          <button type="button" class="link" onClick={() => void stopBulk(one.id).catch(problem)}>
            {t("bulk.stop")}
          </button>
          {one.undoableUntil && (
            <button type="button" class="link" onClick={() => void undoBulk(one.id).catch(problem)}>
              {t("undo.undo")}
            </button>
          )}
        </span>
      )}
    </div>
  );
}
