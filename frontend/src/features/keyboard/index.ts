// The keyboard: what its keys do, and which they are. It also begins to follow preferences, where they are kept.
import type { Feature } from "../feature";
import { followPreferences, loadPreferences } from "../../state/preferences";
import { go } from "../../state/route";
import { KeysDialog } from "./KeysDialog";
import { helpOpen } from "./help";
import "./keyboard.css";

export const keyboard: Feature = {
  name: "keyboard",
  commands: [
    { id: "keyboard.help", keys: ["?"], icon: "keyboard", run: () => void (helpOpen.value = true) },
    { id: "keyboard.settings", keys: ["g k"], icon: "keyboard", run: () => go("/settings/keyboard") },
  ],
  slots: { overlay: [KeysDialog] },
  start: async () => {
    await loadPreferences();
    followPreferences();
  },
};
