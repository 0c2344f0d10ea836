// The conversation that is open, or what stands there while none is.
import { useEffect } from "preact/hooks";
import { t } from "../i18n/words";
import { cursor, everything, markedCount } from "../state/selection";
import { openThread } from "../state/thread";
import { Icon } from "./Icon";
import { ThreadView } from "./ThreadView";

export function ReadingPane() {
  const open = markedCount.value ? null : openThread.value; // commands are about what is marked then
  useEffect(() => (open ? backToList : undefined), [!open]);
  return (
    <section class="reading-pane" aria-label={t("frame.reading")}>
      {open ? (
        <ThreadView key={open.id} thread={open} />
      ) : (
        <div class="nothing">
          <Icon name="read" />
          <p>{markedCount.value ? t("list.marked", { count: everything.value || markedCount.value }) : t("reading.nothing")}</p>
        </div>
      )}
    </section>
  );
}

// Who was in the conversation that is closed is at its row then, not at the beginning of the page.
function backToList(): void {
  requestAnimationFrame(() => {
    if (document.activeElement !== document.body) return;
    const row = document.querySelector<HTMLElement>(`.rows [data-position="${cursor.peek()}"]`) ?? document.querySelector<HTMLElement>(".rows");
    row?.focus({ preventScroll: true });
  });
}
