// What JMAP's objects are made of, as far as the web mail asks for it. RFC 8620, RFC 8621.
// A feature with objects of its own declares them in a file of its own beside this one.

export type Id = string;

export interface Session {
  username: string;
  apiUrl: string;
  downloadUrl: string;
  uploadUrl: string;
  eventSourceUrl: string;
  state: string;
  capabilities: Record<string, Record<string, unknown>>;
  accounts: Record<Id, Account>;
  primaryAccounts: Record<string, Id>;
}

export interface Account {
  name: string;
  isPersonal: boolean;
  isReadOnly: boolean;
  accountCapabilities: Record<string, Record<string, unknown>>;
}

export type Role = "inbox" | "archive" | "drafts" | "sent" | "junk" | "trash" | "all" | "flagged" | "important" | "snoozed" | "scheduled";

interface MailboxRights {
  mayReadItems: boolean;
  mayAddItems: boolean;
  mayRemoveItems: boolean;
  maySetSeen: boolean;
  maySetKeywords: boolean;
  mayCreateChild: boolean;
  mayRename: boolean;
  mayDelete: boolean;
  maySubmit: boolean;
}

export interface Mailbox {
  id: Id;
  name: string;
  parentId: Id | null;
  role: Role | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  myRights: MailboxRights;
  isSubscribed: boolean;
}

export interface Address {
  name: string | null;
  email: string;
}

export interface BodyPart {
  partId: string | null;
  blobId: Id | null;
  size: number;
  name: string | null;
  type: string;
  charset: string | null;
  disposition: string | null;
  cid: string | null;
  /** As it stands there (RFC 8621 §4.1.2.1), where it was asked for. */
  "header:Content-Type"?: string | null;
}

interface BodyValue {
  value: string;
  isEncodingProblem: boolean;
  isTruncated: boolean;
}

/** What a row of a list shows; of every email that was seen this much is known. */
export interface EmailRow {
  id: Id;
  blobId: Id;
  threadId: Id;
  mailboxIds: Record<Id, true>;
  keywords: Record<string, true>;
  from: Address[] | null;
  to: Address[] | null;
  subject: string | null;
  receivedAt: string;
  size: number;
  preview: string;
  hasAttachment: boolean;
}

/** What the reading view needs besides. */
export const RESENT = "header:Resent-From:asAddresses:all";

export interface EmailBody {
  id: Id;
  cc: Address[] | null;
  bcc: Address[] | null;
  replyTo: Address[] | null;
  sentAt: string | null;
  messageId: string[] | null;
  inReplyTo: string[] | null;
  references: string[] | null;
  textBody: BodyPart[];
  htmlBody: BodyPart[];
  attachments: BodyPart[];
  bodyValues: Record<string, BodyValue>;
  /** Who has sent it on as it is, the last one first (RFC 5322 §3.6.6). */
  [RESENT]?: Address[][];
}

export const ROW_PROPERTIES = [
  "id", "blobId", "threadId", "mailboxIds", "keywords", "from", "to", "subject", "receivedAt", "size", "preview", "hasAttachment",
] as const satisfies readonly (keyof EmailRow)[];

export const BODY_PROPERTIES = [
  "id", "cc", "bcc", "replyTo", "sentAt", "messageId", "inReplyTo", "references", "textBody", "htmlBody", "attachments", "bodyValues", RESENT,
] as const satisfies readonly (keyof EmailBody)[];

/** What is asked of each part of a body. */
export const PART_PROPERTIES = [
  "partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "header:Content-Type",
] as const satisfies readonly (keyof BodyPart)[];

export interface Thread {
  id: Id;
  emailIds: Id[];
}

export interface StateChange {
  "@type": "StateChange";
  changed: Record<Id, Record<string, string>>;
}
