// What the menu of mailboxes is open for; null: it is closed.
import { signal } from "@preact/signals";
import type { Id } from "../../jmap/records";

export const moving = signal<readonly Id[] | null>(null);
