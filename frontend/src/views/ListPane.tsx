// The list of conversations: its head, and the rows.
import { command } from "../commands/run";
import { number, t } from "../i18n/words";
import { listReady, listed, source } from "../state/list";
import { everything, markAllKnown, marked, unmarkAll } from "../state/selection";
import { CommandButton } from "./CommandButton";
import { Slot } from "./Slot";
import { VirtualList } from "./VirtualList";

const BULK = ["mail.archive", "mail.not-spam", "mail.spam", "mail.delete", "mail.snooze", "mail.read", "mail.unread", "mail.star", "mail.unstar", "mail.move", "labels.label"];

export function ListPane() {
  const count = marked.value.size;
  const { window } = listed.value;
  return (
    <section class="list-pane" id="list" tabIndex={-1} aria-label={source.value?.title}>
      <header class={`list-head${count ? " marking" : ""}`}>
        <label class="mark" title={t("list.mark-all")}>
          <input
            type="checkbox"
            aria-label={t("list.mark-all")}
            checked={count > 0}
            ref={(box) => {
              if (box) box.indeterminate = count > 0 && count < window.total;
            }}
            onChange={() => (count ? unmarkAll() : markAllKnown())}
          />
        </label>
        {count ? (
          <>
            <h1 class={everything.value ? "unseen" : "marked"} aria-label={t("list.marked", { count: everything.value || count })}>
              {number(everything.value || count)}
            </h1>
            <div class="tools" role="toolbar" aria-label={t("list.tools")}>
              {BULK.map(command).map((one) => one && <CommandButton key={one.id} command={one} />)}
            </div>
          </>
        ) : (
          <>
            <h1>{source.value?.title}</h1>
            {listReady.value && <span class="total">{number(window.total)}</span>}
          </>
        )}
      </header>
      <Slot name="list.head" />
      <VirtualList key={source.value?.key} />
      <Slot name="list.end" />
    </section>
  );
}
