// Changes to mailboxes (RFC 8621 §2.5). A deleted one goes below the trash with all that is in it, and can come back; from there it goes for good.
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { Patch, SetAnswer, SetError } from "../../jmap/methods";
import type { Id, Mailbox } from "../../jmap/records";
import { source } from "../../state/list";
import { loadMailboxes, mailboxes, mailboxName, needRole, roleId } from "../../state/mailboxes";
import { go } from "../../state/route";
import { done } from "../../state/undo";

const REFUSALS: Record<string, string> = { mailboxHasChild: "folders.has-child", mailboxHasEmail: "folders.has-mail" };

export async function make(name: string, parent: Mailbox | null): Promise<void> {
  const answer = await jmap.call("Mailbox/set", { create: { made: { name, parentId: parent?.id ?? null } } });
  must(answer.notCreated?.["made"]);
  await loadMailboxes();
  const id = answer.created?.["made"]?.id;
  if (id) done(t("folders.made", { name }), () => destroy(id, false));
}

export async function rename(mailbox: Mailbox, name: string): Promise<void> {
  await update(mailbox.id, { name });
  done(t("folders.renamed", { name }), () => update(mailbox.id, { name: mailbox.name }));
}

/** Below another one, or to the top (null). */
export async function moveBelow(mailbox: Mailbox, parentId: Id | null): Promise<void> {
  await update(mailbox.id, { parentId });
  done(t("folders.moved", { name: mailbox.name }), () => update(mailbox.id, { parentId: mailbox.parentId }));
}

export async function remove(mailbox: Mailbox): Promise<void> {
  const name = mailboxName(mailbox);
  if (isDiscarded(mailbox)) {
    if (!confirm(t("folders.destroy", { name, count: mailbox.totalEmails }))) return;
    leave(mailbox.id);
    return destroy(mailbox.id, true);
  }
  const trash = await needRole("trash");
  const taken = new Set([...mailboxes.peek().values()].filter((one) => one.parentId === trash).map((one) => one.name));
  let free = mailbox.name;
  for (let count = 2; taken.has(free); count++) free = `${mailbox.name} ${count}`;
  leave(mailbox.id);
  await update(mailbox.id, { parentId: trash, name: free });
  done(t("folders.removed", { name }), () => update(mailbox.id, { parentId: mailbox.parentId, name: mailbox.name }));
}

/** Whether it lies below the trash. */
export function isDiscarded(mailbox: Mailbox): boolean {
  const trash = roleId("trash");
  for (let at: Mailbox | undefined = mailbox; at; at = at.parentId === null ? undefined : mailboxes.peek().get(at.parentId)) {
    if (at.parentId !== null && at.parentId === trash) return true;
  }
  return false;
}

/** `withMail`: what is in it goes as well; without it, a mailbox that is not empty stays. */
async function destroy(id: Id, withMail: boolean): Promise<void> {
  const answer: SetAnswer = await jmap.call("Mailbox/set", { destroy: [id], onDestroyRemoveEmails: withMail });
  must(answer.notDestroyed?.[id]);
  await loadMailboxes();
}

async function update(id: Id, patch: Patch): Promise<void> {
  const answer = await jmap.call("Mailbox/set", { update: { [id]: patch } });
  must(answer.notUpdated?.[id]);
  await loadMailboxes();
}

function leave(id: Id): void {
  if (source.peek()?.mailboxId === id) go("/folder/inbox");
}

function must(error: SetError | undefined): void {
  if (!error) return;
  const known = REFUSALS[error.type];
  throw new Error(known ? t(known) : (error.description ?? error.type));
}
