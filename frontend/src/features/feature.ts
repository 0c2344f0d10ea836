// What a feature brings: addresses, commands, and pieces that are put into the frame's slots. It is one line of table.ts.
// Whatever is not needed for the first list stands behind an import() in here.
import type { ComponentType } from "preact";
import type { Command } from "../commands/command";
import type { BodyPart, EmailRow, Mailbox } from "../jmap/records";
import type { ListSource } from "../state/list";

export type Values = Record<string, string>;

/** An address. Either a list beside the open conversation (`list`), or a page that fills the room of both (`page`). */
export interface Route {
  /** Below /mail: `/folder/:folder/:thread?`; a list's last value is `:thread?`. */
  pattern: string;
  list?: (values: Values, query: URLSearchParams) => ListSource | null;
  page?: () => Promise<{ default: ComponentType<{ values: Values; query: URLSearchParams }> }>;
}

/** Places of the frame that features fill; each gets the properties that are named here. */
export interface Slots {
  "top.search": object; // the middle of the top bar
  "top.end": object; // its end, before the menu of the account
  "sidebar.start": object; // above the mailboxes
  "sidebar.end": object; // below them
  "sidebar.folders": object; // beside the heading of those without a role
  "mailbox.actions": { mailbox: Mailbox }; // at the end of a mailbox's line
  "list.head": object; // above the list
  "list.end": object; // over its end, where the mailboxes are out of sight
  "row.labels": { emails: readonly EmailRow[] }; // in a row, before the subject
  "toolbar.end": object; // the end of the toolbar of a conversation or a selection
  "thread.start": { threadId: string }; // below the subject
  "thread.end": { threadId: string }; // below the last message
  "message.head": { email: EmailRow }; // in an open message, below its head
  "message.end": { email: EmailRow }; // below its text
  "message.actions": { email: EmailRow }; // beside its date
  "attachment.actions": { part: BodyPart; parts: readonly BodyPart[] }; // at the end of an attachment's line
  overlay: object; // above everything: windows, dialogs; always there
}

type SlotFillings = { [Name in keyof Slots]?: readonly ComponentType<Slots[Name]>[] };

export interface Feature {
  name: string;
  routes?: readonly Route[];
  commands?: readonly Command[];
  slots?: SlotFillings;
  /** Done once, when somebody has signed in and the first list is there. */
  start?: () => void | Promise<void>;
}
