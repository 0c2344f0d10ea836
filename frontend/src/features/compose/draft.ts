// A message that is being written, and what becomes of it in JMAP. RFC 8621 §4.6. Pure; how it is saved and sent stands elsewhere.
import type { Patch } from "../../jmap/methods";
import type { Address, Id } from "../../jmap/records";
import { isAddress } from "./addresses";

/** A file, or a picture in the text (`cid`). `progress`: 0 to 1 while it is on its way; `failed`: why it will not come. */
export interface Attached {
  key: string;
  name: string;
  type: string;
  size: number;
  blobId: Id | null;
  cid: string | null;
  progress: number;
  failed: string;
}

export interface Draft {
  /** The same from the first saving to the sending, so that two copies of one draft are known as such; "": not given yet. */
  messageId: string;
  identityId: Id | null;
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  rich: boolean;
  html: string; // with cid: addresses, as it is sent
  text: string; // the text/plain part, in both modes
  files: Attached[];
  inReplyTo: string[];
  references: string[];
  /** What it answers or sends on, and the keyword that this gets. */
  original: { id: Id; keyword: "$answered" | "$forwarded" } | null;
}

export interface Sender {
  name: string;
  email: string;
  replyTo: Address[] | null;
  bcc: Address[] | null;
}

export const EMPTY: Draft = {
  messageId: "", identityId: null, to: [], cc: [], bcc: [], subject: "", rich: true, html: "", text: "", files: [], inReplyTo: [], references: [], original: null,
};

export function recipientsIn(draft: Draft): Address[] {
  return [...draft.to, ...draft.cc, ...draft.bcc];
}

/** Files that go with it: pictures only while they are still in the text. */
export function filesSent(draft: Draft): Attached[] {
  const ready = draft.files.filter((file) => file.blobId);
  const within = ready.filter((file) => file.cid && draft.rich && draft.html.includes(`cid:${file.cid}`));
  return [...within, ...ready.filter((file) => !file.cid)];
}

/** Octets of the message as it will be, with the encoding of its files. */
export function sizeOf(draft: Draft): number {
  const files = draft.files.filter((file) => !file.failed).reduce((sum, file) => sum + file.size, 0);
  return Math.ceil(files * 1.37) + (draft.html.length + draft.text.length) * 2 + 4096;
}

/** The properties of a new Email. */
export function emailOf(draft: Draft, sender: Sender, mailboxId: Id): Patch {
  const filed = (list: readonly Address[]) => list.filter((one) => isAddress(one.email)).map(({ name, email }) => ({ name, email }));
  const rich = draft.rich && { htmlBody: [{ partId: "html", type: "text/html" }] };
  return {
    mailboxIds: { [mailboxId]: true },
    keywords: { $draft: true, $seen: true },
    from: [{ name: sender.name || null, email: sender.email }],
    ...(sender.replyTo?.length ? { replyTo: sender.replyTo } : {}),
    to: filed(draft.to),
    cc: filed(draft.cc),
    bcc: filed(draft.bcc),
    ...(draft.messageId ? { messageId: [draft.messageId] } : {}),
    subject: draft.subject.replace(/[\r\n]+/g, " "),
    ...(draft.inReplyTo.length ? { inReplyTo: draft.inReplyTo } : {}),
    ...(draft.references.length ? { references: draft.references } : {}),
    textBody: [{ partId: "text", type: "text/plain" }],
    ...rich,
    bodyValues: { text: { value: draft.text }, ...(draft.rich ? { html: { value: draft.html } } : {}) },
    attachments: filesSent(draft).map(partOf),
  };
}

function partOf(file: Attached): Patch {
  const within = file.cid ? { cid: file.cid, disposition: "inline" } : { disposition: "attachment" };
  return { blobId: file.blobId, type: file.type, name: file.name, ...within };
}

/** A name that nothing else has. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}
