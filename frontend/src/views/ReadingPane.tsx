// The conversation that is open, or what stands there while none is.
import { t } from "../i18n/words";
import { everything, markedCount } from "../state/selection";
import { openThread } from "../state/thread";
import { Icon } from "./Icon";
import { ThreadView } from "./ThreadView";

export function ReadingPane() {
  const open = markedCount.value ? null : openThread.value; // commands are about what is marked then
  return (
    <main class="reading-pane" aria-label={t("frame.reading")}>
      {open ? (
        <ThreadView key={open.id} thread={open} />
      ) : (
        <div class="nothing">
          <Icon name="read" />
          <p>{markedCount.value ? t("list.marked", { count: everything.value || markedCount.value }) : t("reading.nothing")}</p>
        </div>
      )}
    </main>
  );
}
