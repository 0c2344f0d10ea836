// Sending a message on as it is (Email/redirect): From stays its author's, Resent-From is one's own. RFC 5322 §3.6.6.
import { signal } from "@preact/signals";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import { peekRow } from "../../state/emails";
import { catchUp } from "../../state/sync";
import { problem } from "../../state/toasts";
import { isAddress, keyOf } from "./addresses";
import { type Refusal, type Submission, ask } from "./calling";
import { EMPTY, newKey } from "./draft";
import { identityOf, needIdentities } from "./identities";
import { mostHeld, undoSeconds } from "./limits";
import { hold } from "./pending";
import { wordsFor } from "./refusals";
import type { Compose } from "./windows";

const MOST = 100;

/** `fields` are like those of a window, and never saved (`over`). `earlier`: the message's submissions before it was tried, null: it was not yet. */
interface Redirecting {
  readonly fields: Compose;
  earlier: ReadonlySet<Id> | null;
}

export function newRedirecting(): Redirecting {
  const fields: Compose = {
    key: newKey(), draft: signal({ ...EMPTY }), mode: signal("open"), status: signal(""), wrong: signal({}), question: signal(null), expanded: signal(false),
    emailId: null, version: 0, savedVersion: 0, collectors: new Set(), committers: new Set(), uploads: new Set(), insertPicture: null, opener: null, arrived: (take) => take(), shown: Promise.resolve(),
    saving: Promise.resolve(), over: true, before: null, saved: "", unsure: null, turn: 0,
  };
  return { fields, earlier: null };
}

interface Redirected {
  created: Record<string, Partial<Submission> & { id: Id }> | null;
  notCreated: Record<string, Refusal> | null;
}

/** Whether it has gone; else `wrong` says why not. */
export async function redirect(redirecting: Redirecting, id: Id): Promise<boolean> {
  const one = redirecting.fields;
  for (const commit of one.committers) commit();
  const draft = one.draft.peek();
  one.wrong.value = faults(draft.to);
  if (one.wrong.peek().to) return false;
  const [lost] = await Promise.all([submittedSince(redirecting, id), needIdentities()]);
  const reached = new Set(lost.flatMap((each) => each.envelope?.rcptTo ?? []).map(({ email }) => keyOf(email)));
  const to = draft.to.filter(({ email }) => !reached.has(keyOf(email)));
  if (!to.length) {
    for (const each of lost) gone(id, each.id, each.undoStatus === "pending" ? Date.parse(each.sendAt) : 0);
    return true;
  }
  const holdFor = mostHeld() > 0 ? undoSeconds() : 0;
  const told = await ask<Redirected>("Email/redirect", { create: { letter: { identityId: identityOf(draft)?.id, emailId: id, to, holdFor } } });
  const letter = told.created?.["letter"];
  if (!letter) {
    const error = told.notCreated?.["letter"];
    const { field, words } = wordsFor(error);
    // Of whom it is, not of the address it goes under: that is the author's matter.
    one.wrong.value = error?.type === "forbiddenFrom" ? { whole: t("redirect.unproven") } : { [field === "to" || field === "from" ? field : "whole"]: words };
    return false;
  }
  gone(id, letter.id, Date.now() + holdFor * 1000);
  return true;
}

// An answer may be lost on its way back: before each try the server is asked what came of those before.
async function submittedSince(redirecting: Redirecting, id: Id): Promise<Submission[]> {
  const query = ask<{ ids: Id[] }>("EmailSubmission/query", { filter: { emailIds: [id] }, sort: [{ property: "sentAt", isAscending: false }], limit: MOST });
  const get = ask<{ list: Submission[] }>("EmailSubmission/get", { "#ids": query.at("/ids"), properties: ["id", "envelope", "sendAt", "undoStatus"] });
  const [, { list }] = await Promise.all([query, get]);
  const earlier = (redirecting.earlier ??= new Set(list.map((each) => each.id)));
  return list.filter((each) => !earlier.has(each.id) && each.undoStatus !== "canceled");
}

function gone(id: Id, submissionId: Id, until: number): void {
  hold({ emailId: id, submissionId, until, subject: peekRow(id)?.subject ?? "", original: { id, keyword: "$forwarded" }, redirected: true });
  void noteForwarded(id).catch(problem); // it has gone: what fails from here on is no reason to send it again
}

async function noteForwarded(id: Id): Promise<void> {
  await jmap.call("Email/set", { update: { [id]: { "keywords/$forwarded": true } } });
  await catchUp();
}

function faults(to: readonly { email: string }[]): Compose["wrong"]["value"] {
  if (!to.length) return { to: t("compose.no-recipient") };
  const wrong = to.filter((each) => !isAddress(each.email));
  return wrong.length ? { to: t("compose.no-address", { count: wrong.length, who: wrong.map((each) => each.email).join(", ") }) } : {};
}
