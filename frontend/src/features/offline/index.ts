// Without a connection: what was read can be read, what is wanted is refused with words. Installable, and telling of new mail on the desktop.
import { effect } from "@preact/signals";
import type { Feature } from "../feature";
import { offline as away } from "../../offline/keeper";
import { OfflineBar } from "./OfflineBar";

export const offline: Feature = {
  name: "offline",
  slots: { overlay: [OfflineBar] },
  start: async () => {
    effect(() => void document.documentElement.toggleAttribute("data-offline", away.value));
    const { begin } = await import("./beginning");
    await begin();
  },
};
