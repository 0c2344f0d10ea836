// Everything that a list matches at once: chosen above the list, done by the server, with progress and a way back.
import { effect } from "@preact/signals";
import type { Feature } from "../feature";
import { followBulkChanges, loadBulkChanges } from "../../state/bulk";
import { listShown } from "../../state/list";
import { pushed } from "../../state/sync";
import { problem } from "../../state/toasts";
import { BulkProgress } from "./BulkProgress";
import { EverythingBar } from "./EverythingBar";
import { RecentChanges } from "./RecentChanges";
import { meanAll } from "./meaning";
import { recentOpen } from "./recent";
import "./bulk.css";

export const bulk: Feature = {
  name: "bulk",
  commands: [
    { id: "bulk.everything", keys: ["* *"], when: () => listShown.value, run: meanAll },
    { id: "bulk.recent", keys: ["g z"], icon: "undo", run: () => void (recentOpen.value = true) },
  ],
  slots: { "list.head": [EverythingBar], overlay: [BulkProgress, RecentChanges] },
  start: async () => {
    await loadBulkChanges();
    effect(() => {
      void followBulkChanges(pushed.value["BulkChange"]).catch(problem);
    });
  },
};
