// What the dialog asks for; null: it is closed.
import { signal } from "@preact/signals";
import type { Mailbox } from "../../jmap/records";

export type Asked = { kind: "new"; parent: Mailbox | null } | { kind: "rename"; mailbox: Mailbox };

export const asked = signal<Asked | null>(null);
