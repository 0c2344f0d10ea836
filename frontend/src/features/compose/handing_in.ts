// Handing in: one request makes the email, sends it, and moves it to what was sent. RFC 8621 §7.5. Of windows and the outbox it knows nothing.
import { jmap } from "../../jmap/client";
import type { Patch, SetAnswer } from "../../jmap/methods";
import type { Id } from "../../jmap/records";
import { peekRow } from "../../state/emails";
import { needRole } from "../../state/mailboxes";
import { catchUp } from "../../state/sync";
import { keyOf } from "./addresses";
import { type Refusal, type Submission, ask } from "./calling";
import { forgetRecent } from "./completion";
import { type Draft, emailOf, recipientsIn } from "./draft";
import { identityOf, needIdentities, senderOf } from "./identities";
import { mostHeld, undoSeconds } from "./limits";
import { hold, toldScheduled } from "./pending";
import { said, wordsFor } from "./refusals";
import type { Field } from "./windows";

interface Sent {
  created: Record<string, Partial<Submission> & { id: Id }> | null;
  notCreated: Record<string, Refusal> | null;
}

/** What became of it: the email, and its submission or why there is none. */
export type Handed = { emailId: Id; submissionId: Id } | { emailId: Id; submissionId: null; wrong: Partial<Record<Field, string>> };

/** Makes the email and sends it, in one request. Raises what the server has said where there is not even an email. */
export async function handIn(draft: Draft, at: Date | null): Promise<Handed> {
  const [drafts, sentBox] = await Promise.all([needRole("drafts"), needRole("sent"), needIdentities()]);
  const email: Patch = { ...emailOf(draft, senderOf(draft), drafts), ...(at ? { sentAt: at.toISOString().replace(/\.\d+Z$/, "Z") } : {}) };
  const making = jmap.call("Email/set", { create: { mail: email } });
  const sending = ask<Sent>("EmailSubmission/set", {
    create: { letter: { identityId: identityOf(draft)?.id, emailId: "#mail", envelope: envelopeOf(draft, at) } },
    onSuccessUpdateEmail: { "#letter": { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sentBox}`]: true, "keywords/$draft": null } },
  });
  const [made, sent] = await Promise.allSettled([making, sending]);
  const emailId = made.status === "fulfilled" ? made.value.created?.["mail"]?.id : undefined;
  if (!emailId) throw made.status === "rejected" ? made.reason : new Refused(wordsFor(made.value.notCreated?.["mail"]).words);
  const letter = sent.status === "fulfilled" ? sent.value.created?.["letter"] : undefined;
  if (letter) return { emailId, submissionId: letter.id };
  if (sent.status === "rejected") return { emailId, submissionId: null, wrong: { whole: said(sent.reason) } };
  const { field, words } = wordsFor(sent.value.notCreated?.["letter"]);
  return { emailId, submissionId: null, wrong: { [field]: words } };
}

class Refused extends Error {}

// Each address once; blind copies of the identity get the letter, too.
function envelopeOf(draft: Draft, at: Date | null) {
  const sender = senderOf(draft);
  const all = [...recipientsIn(draft), ...(sender.bcc ?? [])];
  const rcptTo = [...new Map(all.map(({ email }) => [keyOf(email), { email }])).values()];
  return { mailFrom: { email: sender.email, parameters: holding(at) }, rcptTo };
}

function holding(at: Date | null): Record<string, string> | null {
  if (at) return { HOLDUNTIL: at.toISOString().replace(/\.\d+Z$/, "Z") };
  return mostHeld() > 0 && undoSeconds() > 0 ? { HOLDFOR: String(undoSeconds()) } : null;
}

/** Of one whose answer was lost on the way back it is known whether it is among what was sent. */
export async function hasLeft(messageId: string): Promise<boolean> {
  const filter = { operator: "AND" as const, conditions: [{ inMailbox: await needRole("sent") }, { header: ["Message-ID", messageId] }] };
  return (await jmap.call("Email/query", { filter, limit: 1 })).ids.length > 0;
}

/** It can be called back for a while, and what it leaves behind is tidied. */
export async function afterwards(draft: Draft, before: Id | null, sent: { emailId: Id; submissionId: Id; at: Date | null }): Promise<void> {
  const { emailId, submissionId, at } = sent;
  const { original, subject } = draft;
  const marked = original !== null && original.keyword in (peekRow(original.id)?.keywords ?? {});
  const until = at?.getTime() ?? Date.now() + undoSeconds() * 1000;
  (at ? toldScheduled : hold)({ emailId, submissionId, until, subject, original, marked });
  await tidy(draft, before);
}

/** The draft that was saved `before` goes, and what was answered is marked. */
export async function tidy(draft: Draft, before: Id | null): Promise<void> {
  const work: Promise<SetAnswer>[] = [];
  if (before !== null) work.push(jmap.call("Email/set", { destroy: [before] }));
  if (draft.original) work.push(jmap.call("Email/set", { update: { [draft.original.id]: { [`keywords/${draft.original.keyword}`]: true } } }));
  await Promise.allSettled(work);
  forgetRecent();
  await catchUp();
}
