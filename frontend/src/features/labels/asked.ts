// What the dialogs of labels are open for; null: they are closed.
import { signal } from "@preact/signals";
import type { Id } from "../../jmap/records";
import type { Label } from "./labels";

export const asked = signal<{ kind: "new" } | { kind: "rename"; label: Label } | null>(null);
/** The emails that labels are chosen for. */
export const labelling = signal<readonly Id[] | null>(null);
