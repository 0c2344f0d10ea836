// Mail that is put aside until a moment (`Snooze`): the server brings it back, unread, whether or not anybody looks.
import { effect, signal } from "@preact/signals";
import { headDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import { emailsHere } from "../../mail/actions";
import { advance } from "../../mail/advance";
import { pieces } from "../../mail/pieces";
import { fetchAnew, listed, source, touchList } from "../../state/list";
import { needRole } from "../../state/mailboxes";
import { catchUp, pushed } from "../../state/sync";
import { problem } from "../../state/toasts";
import { done } from "../../state/undo";
import { utcText } from "./moments";

export interface Snooze {
  id: Id;
  emailId: Id;
  until: string;
}

declare module "../../jmap/methods" {
  interface Methods {
    "Snooze/get": Method<GetArguments, GetAnswer<Snooze>>;
    "Snooze/set": Method<SetArguments, SetAnswer>;
  }
}

const AT_ONCE = 400; // of what the server takes in one call

/** By email. */
export const snoozes = signal<ReadonlyMap<Id, Snooze>>(new Map());
/** What the menu is open for; null: it is closed. */
export const choosing = signal<readonly Id[] | null>(null);
let state = "";

export async function loadSnoozes(): Promise<void> {
  const answer = await jmap.call("Snooze/get", { ids: null });
  state = answer.state;
  snoozes.value = new Map(answer.list.map((one) => [one.emailId, one]));
}

export function followSnoozes(): void {
  effect(() => {
    const told = pushed.value["Snooze"];
    if (told !== undefined && told !== state) void loadSnoozes().catch(problem);
  });
}

/** Puts the conversations aside: what of them lies in the mailbox that is shown. */
export async function snooze(ids: readonly Id[], until: Date): Promise<void> {
  const from = source.peek()?.mailboxId;
  const [emails, box] = await Promise.all([emailsHere(ids), needRole("snoozed")]);
  const mailboxId = from === undefined || from === box ? null : from;
  advance(ids);
  if (mailboxId) {
    listed.peek().window.without(emails.map((row) => row.id));
    touchList();
  }
  const { made, wrong } = await putAside(emails.map((row) => ({ emailId: row.id, until: utcText(until), mailboxId }))).catch((error: unknown) => {
    fetchAnew();
    throw error;
  });
  if (wrong.length) fetchAnew();
  await Promise.all([catchUp(), loadSnoozes()]);
  if (made.length) done(t("snooze.done", { count: ids.length, when: headDate(until.toISOString()) }), () => wake(made));
  if (wrong.length) throw new Error(t("error.change", { count: wrong.length, why: wrong[0] ?? "" }));
}

async function putAside(wanted: readonly (Omit<Snooze, "id"> & { mailboxId: Id | null })[]): Promise<{ made: Id[]; wrong: string[] }> {
  const made: Id[] = [];
  const wrong: string[] = [];
  for (const some of pieces(wanted, AT_ONCE)) {
    const answer = await jmap.call("Snooze/set", { create: Object.fromEntries(some.map((one) => [one.emailId, one])) });
    made.push(...Object.values(answer.created ?? {}).map((one) => one.id));
    wrong.push(...Object.values(answer.notCreated ?? {}).map((one) => one.description ?? one.type));
  }
  return { made, wrong };
}

/** Back at once, where it was. */
export async function wakeEmails(ids: readonly Id[]): Promise<void> {
  const emails = await emailsHere(ids);
  const found = emails.map((row) => snoozes.peek().get(row.id)?.id).filter((id) => id !== undefined);
  advance(ids);
  await wake(found);
}

async function wake(snoozeIds: readonly Id[]): Promise<void> {
  for (const some of pieces(snoozeIds, AT_ONCE)) await jmap.call("Snooze/set", { destroy: some });
  await Promise.all([catchUp(), loadSnoozes()]);
}
