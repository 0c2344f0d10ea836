// Settings, each part with an address of its own; and what somebody has chosen, put in force.
import { effect } from "@preact/signals";
import { language, speak } from "../../i18n/words";
import { go } from "../../state/route";
import { problem } from "../../state/toasts";
import type { Feature } from "../feature";
import { choice } from "./choices";

// At once, since the first list is measured with the height of its rows.
effect(() => {
  document.documentElement.dataset["density"] = choice("density", "comfortable");
});
effect(() => {
  const wanted = choice<string | null>("language", null);
  if (wanted !== null && wanted !== language.peek()) void speak(wanted).catch(problem);
});

export const settings: Feature = {
  name: "settings",
  routes: [{ pattern: "/settings/:part?", page: () => import("./Settings") }],
  commands: [{ id: "settings.open", icon: "settings", run: () => go("/settings/security") }],
};
