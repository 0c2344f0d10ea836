// Snoozed mail: put aside until a moment.
import type { Feature } from "../feature";
import { roleId } from "../../state/mailboxes";
import { source } from "../../state/list";
import { go } from "../../state/route";
import { everything, targets } from "../../state/selection";
import { SnoozeMenu } from "./SnoozeMenu";
import { SnoozedUntil } from "./SnoozedUntil";
import { choosing, followSnoozes, loadSnoozes, wakeEmails } from "./snoozing";
import "./snooze.css";

const inSnoozed = (): boolean => source.value?.mailboxId !== undefined && source.value.mailboxId === roleId("snoozed");

export const snoozeFeature: Feature = {
  name: "snooze",
  commands: [
    {
      id: "mail.snooze", keys: ["b"], icon: "clock", when: () => targets().length > 0 && !everything.value,
      run: () => void (choosing.value = targets()),
    },
    { id: "mail.wake", keys: ["B"], icon: "inbox", when: () => targets().length > 0 && !everything.value && inSnoozed(), run: () => wakeEmails(targets()) },
    { id: "go.snoozed", keys: ["g b"], when: () => roleId("snoozed") !== undefined, run: () => go("/folder/snoozed") },
  ],
  slots: { "row.labels": [SnoozedUntil], overlay: [SnoozeMenu] },
  start: async () => {
    await loadSnoozes();
    followSnoozes();
  },
};
