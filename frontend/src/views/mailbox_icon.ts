// The picture of a mailbox.
import type { Mailbox } from "../jmap/records";

const BY_ROLE: Record<string, string> = {
  inbox: "inbox", archive: "archive", all: "archive", drafts: "draft", sent: "sent", junk: "spam", trash: "trash", flagged: "star", snoozed: "clock",
};

export function mailboxIcon(mailbox: Mailbox): string {
  return BY_ROLE[mailbox.role ?? ""] ?? "folder";
}
