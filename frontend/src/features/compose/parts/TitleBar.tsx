// The head of a window: what it is, whether it is saved, and how large it is.
import { t } from "../../../i18n/words";
import { problem } from "../../../state/toasts";
import { Icon } from "../../../views/Icon";
import { keep } from "../kept";
import { close, toFront } from "../open";
import type { Compose, Mode } from "../windows";

export function TitleBar({ one, folded, full }: { one: Compose; folded: boolean; full: boolean }) {
  const subject = one.draft.value.subject.trim() || t("compose.new");
  const status = one.status.value;
  const set = (mode: Mode) => {
    if (mode !== "small") toFront(one);
    one.mode.value = mode;
    keep();
  };
  return (
    <div class="compose-title">
      <button type="button" class="compose-name" aria-expanded={!folded} onClick={() => set(folded ? "open" : "small")}>
        <bdi>{subject}</bdi>
      </button>
      <span class="compose-status" role="status">
        {status === "saving" || status === "saved" || status === "sending" ? t(`compose.status.${status}`) : ""}
      </span>
      <Button name={folded ? "up" : "minus"} title={t(folded ? "compose.unfold" : "compose.fold")} onClick={() => set(folded ? "open" : "small")} />
      <Button name={full ? "shrink" : "expand"} title={t(full ? "compose.smaller" : "compose.larger")} onClick={() => set(full ? "open" : "full")} wide />
      <Button name="close" title={t("compose.close")} onClick={() => void close(one).catch(problem)} />
    </div>
  );
}

function Button({ name, title, onClick, wide = false }: { name: string; title: string; onClick: () => void; wide?: boolean }) {
  return (
    <button type="button" class={`quiet small${wide ? " only-wide" : ""}`} aria-label={title} title={title} onClick={onClick}>
      <Icon name={name} />
    </button>
  );
}
