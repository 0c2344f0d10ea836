// Sending from a window: what is missing is asked for first, then the letter is handed in, or waits in the outbox.
import { t } from "../../i18n/words";
import { size } from "../../i18n/sizes";
import { RequestFailed } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import { offerFocus } from "../../keys/focus";
import { offline, stays } from "../../offline/keeper";
import { toast } from "../../state/toasts";
import { isAddress } from "./addresses";
import { filesSent, recipientsIn, sizeOf } from "./draft";
import { speaksOfAttachment } from "./forgotten";
import { type Handed, afterwards, handIn, hasLeft, tidy } from "./handing_in";
import { newMessageId } from "./identities";
import { mostOfMessage } from "./limits";
import { remove } from "./open";
import { said } from "./refusals";
import { commit, replaced } from "./saving";
import { type Compose, type Field, changesSince } from "./windows";

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
      setTimeout(() => offerFocus(document.getElementById(`${one.key}-${one.wrong.peek().to ? "to" : "subject"}`)));
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

async function submit(one: Compose, at: Date | null): Promise<void> {
  if (offline.peek() && stays()) return waitInOutbox(one, at);
  const draft = one.draft.peek();
  if (one.unsure !== null && (await hasLeft(draft.messageId))) return leftBefore(one, at);
  let sent: Handed;
  one.unsure = one.version;
  try {
    sent = await handIn(draft, at);
  } catch (error) {
    if (!(error instanceof RequestFailed)) one.unsure = null;
    if (error instanceof RequestFailed && error.status === 0 && stays()) return waitInOutbox(one, at);
    throw error;
  }
  one.unsure = null;
  if (sent.submissionId === null) {
    await replaced(one, sent.emailId, filesSent(draft)); // it is the draft now, nothing is lost
    one.wrong.value = sent.wrong;
    return;
  }
  await sentAway(one, { emailId: sent.emailId, submissionId: sent.submissionId, at });
}

// Its answer was lost. What was written since then is no part of it: it may follow as a message of its own.
async function leftBefore(one: Compose, at: Date | null): Promise<void> {
  const draft = one.draft.peek();
  if (changesSince(one) === 0) {
    remove(one);
    toast(t("compose.sent"));
    return tidy(draft, one.emailId);
  }
  one.unsure = null;
  one.draft.value = { ...draft, messageId: newMessageId(draft) };
  one.savedVersion = -1;
  const go = () => void send(one, at, new Set(["subject", "attachment"]));
  one.question.value = { words: t("compose.left-before"), yes: t("compose.send-anyway"), go };
}

async function waitInOutbox(one: Compose, at: Date | null): Promise<void> {
  await (await import("./outbox")).put(one, at);
  remove(one);
}

async function sentAway(one: Compose, sent: { emailId: Id; submissionId: Id; at: Date | null }): Promise<void> {
  const before = one.emailId;
  remove(one);
  await afterwards(one.draft.peek(), before, sent);
}
