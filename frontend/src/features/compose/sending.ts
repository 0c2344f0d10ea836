// Sending: what is missing is asked for first, then one request makes the email, sends it, and moves it to what was sent. RFC 8621 §7.5.
import { t } from "../../i18n/words";
import { size } from "../../i18n/sizes";
import { RequestFailed, jmap } from "../../jmap/client";
import type { Patch, SetAnswer } from "../../jmap/methods";
import type { Id } from "../../jmap/records";
import { offline, stays } from "../../offline/keeper";
import { needRole } from "../../state/mailboxes";
import { catchUp } from "../../state/sync";
import { isAddress, keyOf } from "./addresses";
import { type Refusal, type Submission, ask } from "./calling";
import { forgetRecent } from "./completion";
import { type Draft, emailOf, recipientsIn, sizeOf } from "./draft";
import { speaksOfAttachment } from "./forgotten";
import { identityOf, senderOf } from "./identities";
import { mostHeld, mostOfMessage, undoSeconds } from "./limits";
import { remove } from "./open";
import { hold, toldScheduled } from "./pending";
import { said, wordsFor } from "./refusals";
import { commit, replaced } from "./saving";
import type { Compose, Field } from "./windows";

/** Sends it, at once or `at` a time; asks before where something seems to be forgotten. */
export async function send(one: Compose, at: Date | null = null, sure: ReadonlySet<string> = new Set()): Promise<void> {
  if (one.status.peek() === "sending") return;
  commit(one);
  one.question.value = null;
  const wrong = faults(one);
  one.wrong.value = wrong;
  if (Object.values(wrong).some(Boolean)) return;
  const doubt = doubtOf(one, sure);
  if (doubt) {
    const go = () => void send(one, at, new Set([...sure, doubt]));
    one.question.value = { words: t(`compose.ask.${doubt}`), yes: t("compose.send-anyway"), go };
    return;
  }
  one.status.value = "sending";
  try {
    await Promise.all([...one.uploads, one.saving.catch(() => {})]);
    commit(one);
    one.wrong.value = faults(one);
    if (!Object.values(one.wrong.peek()).some(Boolean)) await submit(one, at);
  } catch (error) {
    one.wrong.value = { whole: said(error) };
  } finally {
    if (!one.over) {
      one.status.value = "changed";
      setTimeout(() => document.getElementById(`${one.key}-${one.wrong.peek().to ? "to" : "subject"}`)?.focus());
    }
  }
}

function faults(one: Compose): Partial<Record<Field, string>> {
  const draft = one.draft.peek();
  const found: Partial<Record<Field, string>> = {};
  if (!recipientsIn(draft).length) found.to = t("compose.no-recipient");
  for (const name of ["to", "cc", "bcc"] as const) {
    const wrong = draft[name].filter((each) => !isAddress(each.email));
    if (wrong.length) found[name] = t("compose.no-address", { count: wrong.length, who: wrong.map((each) => each.email).join(", ") });
  }
  if (draft.files.some((file) => file.failed)) found.files = t("compose.file-missing");
  else if (sizeOf(draft) > mostOfMessage()) found.files = t("compose.too-large", { size: size(sizeOf(draft)), most: size(mostOfMessage()) });
  return found;
}

function doubtOf(one: Compose, sure: ReadonlySet<string>): string {
  const draft = one.draft.peek();
  if (!draft.subject.trim() && !sure.has("subject")) return "subject";
  const files = draft.files.some((file) => !file.cid);
  return !files && !sure.has("attachment") && speaksOfAttachment(draft.subject, draft.text) ? "attachment" : "";
}

interface Sent {
  created: Record<string, Partial<Submission> & { id: Id }> | null;
  notCreated: Record<string, Refusal> | null;
}

async function submit(one: Compose, at: Date | null): Promise<void> {
  if (offline.peek() && stays()) return waitInOutbox(one, at);
  const draft = one.draft.peek();
  let sent: Handed;
  try {
    sent = await handIn(draft, at);
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 0 && stays()) return waitInOutbox(one, at);
    throw error;
  }
  if (sent.submissionId === null) {
    await replaced(one, sent.emailId); // it is the draft now, nothing is lost
    one.wrong.value = sent.wrong;
    return;
  }
  await sentAway(one, { emailId: sent.emailId, submissionId: sent.submissionId, at });
}

async function waitInOutbox(one: Compose, at: Date | null): Promise<void> {
  await (await import("./outbox")).put(one, at);
  remove(one);
}

/** What became of it: the email, and its submission or why there is none. */
export type Handed = { emailId: Id; submissionId: Id } | { emailId: Id; submissionId: null; wrong: Partial<Record<Field, string>> };

/** Makes the email and sends it, in one request. Raises what the server has said where there is not even an email. */
export async function handIn(draft: Draft, at: Date | null): Promise<Handed> {
  const [drafts, sentBox] = await Promise.all([needRole("drafts"), needRole("sent")]);
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

async function sentAway(one: Compose, sent: { emailId: Id; submissionId: Id; at: Date | null }): Promise<void> {
  const before = one.emailId;
  remove(one);
  await afterwards(one.draft.peek(), before, sent);
}

/** The draft that was saved `before` goes, and what was answered is marked. */
export async function afterwards(draft: Draft, before: Id | null, sent: { emailId: Id; submissionId: Id; at: Date | null }): Promise<void> {
  const { emailId, submissionId, at } = sent;
  if (at) toldScheduled(submissionId, emailId, at);
  else hold({ emailId, submissionId, until: Date.now() + undoSeconds() * 1000, subject: draft.subject, original: draft.original });
  const work: Promise<SetAnswer>[] = [];
  if (before !== null) work.push(jmap.call("Email/set", { destroy: [before] }));
  if (draft.original) work.push(jmap.call("Email/set", { update: { [draft.original.id]: { [`keywords/${draft.original.keyword}`]: true } } }));
  await Promise.allSettled(work);
  forgetRecent();
  await catchUp();
}
