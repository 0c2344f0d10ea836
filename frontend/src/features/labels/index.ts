// Labels (keywords with a name and a colour), and muted conversations (the keyword $muted).
import type { Feature } from "../feature";
import { t } from "../../i18n/words";
import { setKeywords } from "../../mail/actions";
import { source } from "../../state/list";
import { targets } from "../../state/selection";
import { Chips } from "./Chips";
import { LabelDialog } from "./LabelDialog";
import { LabelMenu } from "./LabelMenu";
import { SidebarLabels } from "./SidebarLabels";
import { ThreadLabels } from "./ThreadLabels";
import { asked, labelling } from "./asked";
import { labelOf } from "./labels";
import { isMuted, mute, unmute } from "./muting";
import "./labels.css";

// In the list of a label it is what archiving is in the inbox.
function takeOff(): Promise<void> {
  const label = labelOf(source.peek()?.key.slice("label ".length) ?? "");
  return setKeywords(targets(), { [label.keyword]: false }, t("labels.removed", { name: label.name }));
}

const some = (): boolean => targets().length > 0;

export const labelsFeature: Feature = {
  name: "labels",
  routes: [
    {
      pattern: "/label/:label/:thread?",
      list: ({ label = "" }) => ({
        key: `label ${label}`, path: `/label/${encodeURIComponent(label)}`, title: labelOf(label).name, filter: { hasKeyword: label },
      }),
    },
  ],
  commands: [
    { id: "labels.label", keys: ["l"], icon: "label", when: some, run: () => void (labelling.value = targets()) },
    { id: "labels.mute", keys: ["m"], icon: "mute", when: () => some() && !isMuted(targets()), run: () => mute(targets()) },
    { id: "labels.unmute", keys: ["m"], icon: "mute", when: () => some() && isMuted(targets()), run: () => unmute(targets()) },
    { id: "labels.new", icon: "plus", run: () => void (asked.value = { kind: "new" }) },
    {
      id: "labels.take-off", keys: ["y"], when: () => some() && source.value?.key.startsWith("label ") === true,
      run: takeOff,
    },
  ],
  slots: { "row.labels": [Chips], "thread.start": [ThreadLabels], "sidebar.end": [SidebarLabels], overlay: [LabelMenu, LabelDialog] },
};
