// Sending a message on as it is (Email/redirect): From stays its author's, Resent-From is one's own. RFC 5322 §3.6.6.
import { signal } from "@preact/signals";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import { peekRow } from "../../state/emails";
import { catchUp } from "../../state/sync";
import { problem } from "../../state/toasts";
import { isAddress } from "./addresses";
import { type Refusal, type Submission, ask } from "./calling";
import { EMPTY, newKey } from "./draft";
import { identityOf, needIdentities } from "./identities";
import { mostHeld, undoSeconds } from "./limits";
import { hold } from "./pending";
import { wordsFor } from "./refusals";
import type { Compose } from "./windows";

/** Fields like those of a window; nothing of it is ever saved (`over`). */
export function redirectDraft(): Compose {
  return {
    key: newKey(), draft: signal({ ...EMPTY }), mode: signal("open"), status: signal(""), wrong: signal({}), question: signal(null), expanded: signal(false),
    emailId: null, version: 0, savedVersion: 0, collectors: new Set(), committers: new Set(), uploads: new Set(), insertPicture: null, opener: null,
    saving: Promise.resolve(), over: true, before: null, saved: "", unsure: null, turn: 0,
  };
}

interface Redirected {
  created: Record<string, Partial<Submission> & { id: Id }> | null;
  notCreated: Record<string, Refusal> | null;
}

/** Whether it has gone; else `wrong` says why not. */
export async function redirect(one: Compose, id: Id): Promise<boolean> {
  for (const commit of one.committers) commit();
  const draft = one.draft.peek();
  one.wrong.value = faults(draft.to);
  if (one.wrong.peek().to) return false;
  await needIdentities();
  const holdFor = mostHeld() > 0 ? undoSeconds() : 0;
  const told = await ask<Redirected>("Email/redirect", { create: { letter: { identityId: identityOf(draft)?.id, emailId: id, to: draft.to, holdFor } } });
  const letter = told.created?.["letter"];
  if (!letter) {
    const error = told.notCreated?.["letter"];
    const { field, words } = wordsFor(error);
    // Of whom it is, not of the address it goes under: that is the author's matter.
    one.wrong.value = error?.type === "forbiddenFrom" ? { whole: t("redirect.unproven") } : { [field === "to" || field === "from" ? field : "whole"]: words };
    return false;
  }
  const row = peekRow(id);
  hold({ emailId: id, submissionId: letter.id, until: Date.now() + holdFor * 1000, subject: row?.subject ?? "", original: { id, keyword: "$forwarded" }, redirected: true });
  void noteForwarded(id).catch(problem); // it has gone: what fails from here on is no reason to send it again
  return true;
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
