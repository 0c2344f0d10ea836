// Cards that seem to be of one person, to be made one.
import { t } from "../../i18n/words";
import { problem } from "../../state/toasts";
import { Dialog } from "../../views/Dialog";
import { ordered } from "./book";
import { cardName, listOf } from "./cards";
import { merge } from "./changing";
import { duplicates } from "./duplicates";

export function DuplicatesDialog({ onClose }: { onClose: () => void }) {
  const sets = duplicates(ordered.value);
  return (
    <Dialog title={t("contacts.duplicates")} onClose={onClose}>
      <p role="status">{sets.length ? t("contacts.duplicates-hint", { count: sets.length }) : t("contacts.no-duplicates")}</p>
      <ul class="duplicates">
        {sets.map((set) => (
          <li key={set.map((one) => one.id).join()}>
            <ul>
              {set.map((one) => (
                <li key={one.id} dir="auto">
                  <strong>{cardName(one)}</strong> {listOf(one.emails).map((each) => each.address).join(", ")}
                </li>
              ))}
            </ul>
            <button type="button" class="tool framed" aria-label={t("contacts.merge-of", { name: cardName(set[0]!) })} onClick={() => void merge(set.map((one) => one.id)).catch(problem)}>
              {t("contacts.merge")}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
