// Whether the list of recent changes is open.
import { signal } from "@preact/signals";

export const recentOpen = signal(false);
