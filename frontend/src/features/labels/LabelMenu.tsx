// "Label": all labels with what the conversations have of them, narrowed by typing; what has no such name yet can be made.
import { t } from "../../i18n/words";
import type { Id } from "../../jmap/records";
import { setKeywords } from "../../mail/actions";
import { conversation } from "../../state/emails";
import { everything } from "../../state/selection";
import { problem } from "../../state/toasts";
import { ChoiceDialog } from "../../views/ChoiceDialog";
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

/** A label that there is, or the name of one that is to be made. */
type Choice = Label | string;

function Open({ ids, onClose }: { ids: readonly Id[]; onClose: () => void }) {
  const there = labelsOf(ids.flatMap((id) => conversation(id)));
  const known = [...labels(), ...there.filter((one) => !labels().some((other) => other.keyword === one.keyword))];
  const found = (wanted: string): Choice[] => {
    const name = wanted.toLowerCase();
    const fresh = name !== "" && !known.some((one) => one.name.toLowerCase() === name);
    return [...known.filter((one) => one.name.toLowerCase().includes(name)), ...(fresh ? [wanted] : [])];
  };
  const put = async (choice: Choice) => {
    const label = typeof choice === "string" ? await makeLabel(choice) : choice;
    const on = has(ids, label.keyword) !== "all";
    await setKeywords(ids, { [label.keyword]: on }, t(on ? "labels.put" : "labels.removed", { name: label.name }));
  };
  return (
    <ChoiceDialog
      title={t("labels.title")}
      hint={t("labels.filter")}
      maxLength={60}
      choices={found}
      keyOf={(one) => (typeof one === "string" ? "" : one.keyword)}
      draw={(one) => <Line choice={one} ids={ids} />}
      isOn={(one) => typeof one !== "string" && has(ids, one.keyword) === "all"}
      onChoose={(one) => void put(one).catch(problem)}
      onClose={onClose}
    />
  );
}

function Line({ choice, ids }: { choice: Choice; ids: readonly Id[] }) {
  if (typeof choice === "string") {
    return (
      <>
        <Icon name="plus" />
        {t("labels.make-named", { name: choice })}
      </>
    );
  }
  const state = has(ids, choice.keyword);
  return (
    <>
      <span class="dot" style={{ "--hue": choice.hue }} />
      <bdi>{choice.name}</bdi>
      {state !== "none" && <Icon name={state === "all" ? "check" : "minus"} label={t(`labels.has-${state}`)} />}
    </>
  );
}
