// "Label": all labels with what the conversations have of them, narrowed by typing; what has no such name yet can be made.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import type { Id } from "../../jmap/records";
import { setKeywords } from "../../mail/actions";
import { conversation } from "../../state/emails";
import { everything } from "../../state/selection";
import { problem } from "../../state/toasts";
import { Dialog } from "../../views/Dialog";
import { Icon } from "../../views/Icon";
import { labelling } from "./asked";
import { type Label, labels, labelsOf, makeLabel } from "./labels";

export function LabelMenu() {
  const ids = labelling.value;
  return ids && <Open ids={ids} onClose={() => (labelling.value = null)} />;
}

type Has = "all" | "some" | "none";

function has(ids: readonly Id[], keyword: string): Has {
  if (everything.value) return "none";
  const with_ = ids.filter((id) => conversation(id).some((row) => keyword in row.keywords)).length;
  return with_ === 0 ? "none" : with_ === ids.length ? "all" : "some";
}

function Open({ ids, onClose }: { ids: readonly Id[]; onClose: () => void }) {
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const name = wanted.trim();
  const there = labelsOf(ids.flatMap((id) => conversation(id)));
  const known = [...labels(), ...there.filter((one) => !labels().some((other) => other.keyword === one.keyword))];
  const found = known.filter((one) => one.name.toLowerCase().includes(name.toLowerCase()));
  const fresh = name !== "" && !known.some((one) => one.name.toLowerCase() === name.toLowerCase());
  const count = found.length + (fresh ? 1 : 0);
  const put = async (label: Label) => {
    const on = has(ids, label.keyword) !== "all";
    await setKeywords(ids, { [label.keyword]: on }, t(on ? "labels.put" : "labels.removed", { name: label.name }));
  };
  const choose = async (index: number) => {
    if (index >= count) return;
    onClose();
    await put(found[index] ?? (await makeLabel(name)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return; // the keys are the input method's
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, count - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") void choose(at).catch(problem);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t("labels.title")} onClose={onClose} narrow>
      <input
        class="field"
        autoFocus
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="label-choices"
        aria-activedescendant={count ? `label-${at}` : undefined}
        aria-label={t("labels.filter")}
        placeholder={t("labels.filter")}
        maxLength={60}
        value={wanted}
        onInput={(event) => {
          setWanted(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul class="choices" id="label-choices" role="listbox" aria-multiselectable="true" aria-label={t("labels.title")}>
        {found.map((label, index) => {
          const state = has(ids, label.keyword);
          return (
            <li key={label.keyword} id={`label-${index}`} role="option" class={index === at ? "at" : ""} aria-selected={state === "all"} onClick={() => void choose(index).catch(problem)}>
              <span class="dot" style={{ "--hue": label.hue }} />
              <bdi>{label.name}</bdi>
              {state !== "none" && <Icon name={state === "all" ? "check" : "minus"} label={t(`labels.has-${state}`)} />}
            </li>
          );
        })}
        {fresh && (
          <li id={`label-${found.length}`} role="option" class={found.length === at ? "at" : ""} aria-selected="false" onClick={() => void choose(found.length).catch(problem)}>
            <Icon name="plus" />
            {t("labels.make-named", { name })}
          </li>
        )}
      </ul>
    </Dialog>
  );
}
