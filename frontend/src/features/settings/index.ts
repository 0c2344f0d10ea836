// Settings, each part with an address of its own; and what somebody has chosen, put in force.
import { effect } from "@preact/signals";
import { go } from "../../state/route";
import { preference } from "../../state/preferences";
import type { Feature } from "../feature";

// At once, since the first list is measured with the height of its rows.
effect(() => {
  document.documentElement.dataset["density"] = preference("density", "comfortable");
});
export const settings: Feature = {
  name: "settings",
  routes: [{ pattern: "/settings/:part?", page: () => import("./Settings") }],
  commands: [{ id: "settings.open", icon: "settings", run: () => go("/settings/security") }],
};
