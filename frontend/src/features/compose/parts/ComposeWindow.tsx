// One message that is being written: in the dock, over the whole page, or folded to its title.
import { t } from "../../../i18n/words";
import { problem } from "../../../state/toasts";
import { close, toFront } from "../open";
import { send } from "../sending";
import { attach } from "../uploads";
import type { Compose } from "../windows";
import { Fields } from "./Fields";
import { Files } from "./Files";
import { Foot } from "./Foot";
import { PlainEditor } from "./PlainEditor";
import { RichEditor } from "./RichEditor";
import { Asking } from "./Asking";
import { TitleBar } from "./TitleBar";

export function ComposeWindow({ one, folded }: { one: Compose; folded: boolean }) {
  const draft = one.draft.value;
  const inText = draft.to.length > 0;
  const full = one.mode.value === "full" && !folded;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      void send(one).catch(problem);
    } else if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open], [popover]:popover-open")) {
      void close(one).catch(problem);
    }
  };
  const drop = (event: DragEvent) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    attach(one, [...event.dataTransfer.files], event.target instanceof Element && event.target.closest(".compose-text") !== null);
  };
  const paste = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    event.stopPropagation();
    attach(one, files, true);
  };
  return (
    <section
      class={`compose${full ? " full" : ""}${folded ? " folded" : ""}`}
      role="dialog"
      aria-label={draft.subject || t("compose.new")}
      aria-busy={one.status.value === "sending"}
      onKeyDownCapture={(event) => (event.ctrlKey || event.metaKey) && event.key === "Enter" && onKeyDown(event)}
      onKeyDown={(event) => {
        onKeyDown(event);
        event.stopPropagation(); // single letters are the list's elsewhere
      }}
      onPointerDown={() => one.turn && folded && toFront(one)}
      onDragOver={(event) => event.dataTransfer?.types.includes("Files") && event.preventDefault()}
      onDropCapture={drop}
      onPasteCapture={paste}
    >
      <TitleBar one={one} folded={folded} full={full} />
      <div class="compose-inside" hidden={folded} inert={one.status.value === "sending"}>
        <Fields one={one} focus={!inText} />
        {draft.rich ? <RichEditor key="rich" one={one} focus={inText} /> : <PlainEditor key="plain" one={one} focus={inText} />}
        <Files one={one} />
        <Asking one={one} />
        <Foot one={one} />
      </div>
    </section>
  );
}
