// The mailboxes of the account, their tree, and those with a role.
import { computed, signal } from "@preact/signals";
import { language, t } from "../i18n/words";
import { jmap } from "../jmap/client";
import type { Id, Mailbox, Role } from "../jmap/records";
import { treeOf } from "../mail/mailbox_tree";

export const mailboxes = signal<ReadonlyMap<Id, Mailbox>>(new Map());
export let mailboxState = "";

export const tree = computed(() => treeOf(mailboxes.value.values(), new Intl.Collator(language.value, { numeric: true }).compare));

export async function loadMailboxes(): Promise<void> {
  const answer = await jmap.call("Mailbox/get", { ids: null });
  mailboxState = answer.state;
  mailboxes.value = new Map(answer.list.map((one) => [one.id, one]));
}

export function byRole(role: Role): Mailbox | undefined {
  for (const one of mailboxes.value.values()) if (one.role === role) return one;
  return undefined;
}

/** The mailbox with a role, made where there is none yet. */
export async function needRole(role: Role): Promise<Id> {
  const there = byRole(role);
  if (there) return there.id;
  const answer = await jmap.call("Mailbox/set", { create: { new: { name: t(`mailbox.${role}`), role } } });
  const made = answer.created?.["new"];
  if (!made) throw new Error(answer.notCreated?.["new"]?.description ?? t("error.mailbox"));
  await loadMailboxes();
  return made.id;
}

/** A mailbox's name as it is shown: those with a role in the reader's language. */
export function mailboxName(mailbox: Mailbox): string {
  return mailbox.role && mailbox.parentId === null ? t(`mailbox.${mailbox.role}`) : mailbox.name;
}

/** What stands for a mailbox in addresses: its role, else its id. */
export function folderKey(mailbox: Mailbox): string {
  return mailbox.role ?? mailbox.id;
}

export function folderOf(key: string): Mailbox | undefined {
  return mailboxes.value.get(key) ?? byRole(key as Role);
}
