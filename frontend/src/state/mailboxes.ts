// The mailboxes of the account, their tree, and those with a role.
import { computed, signal } from "@preact/signals";
import { language, t } from "../i18n/words";
import { MethodError, jmap } from "../jmap/client";
import type { Id, Mailbox, Role } from "../jmap/records";
import { treeOf } from "../mail/mailbox_tree";

export const mailboxes = signal<ReadonlyMap<Id, Mailbox>>(new Map());
export let mailboxState = "";

let known: readonly Mailbox[] = [];
/** The mailboxes as they were when more than a count changed last: who shows no counts is not drawn anew whenever mail comes. */
export const structure = computed(() => {
  const now = [...mailboxes.value.values()];
  if (now.length !== known.length || !now.every((one, at) => isSameButCounts(one, known[at]))) known = now;
  return known;
});

export const tree = computed(() => treeOf(structure.value, new Intl.Collator(language.value, { numeric: true }).compare));

const roles = computed(() => new Map(structure.value.flatMap((one) => (one.role ? [[one.role, one.id] as const] : []))));

function isSameButCounts(one: Mailbox, other: Mailbox | undefined): boolean {
  return (
    one === other ||
    (other !== undefined &&
      one.id === other.id &&
      one.name === other.name &&
      one.parentId === other.parentId &&
      one.role === other.role &&
      one.sortOrder === other.sortOrder &&
      one.myRights === other.myRights) // the same object, unless all was fetched anew
  );
}

const ALL = { ids: null };

/** Those with a role: enough for nearly every first list, which need not wait for thousands. */
export async function loadRoles(): Promise<void> {
  const query = jmap.call("Mailbox/query", { filter: { hasAnyRole: true } });
  const { list } = await jmap.call("Mailbox/get", { "#ids": query.at("/ids") });
  if (!mailboxState) mailboxes.value = new Map(list.map((one) => [one.id, one]));
}

export async function loadMailboxes(): Promise<void> {
  const answer = await jmap.call("Mailbox/get", ALL);
  mailboxState = answer.state;
  mailboxes.value = new Map(answer.list.map((one) => [one.id, one]));
}

/** Asks what has changed, and fetches only that: nearly always the counts of a few. */
export async function refreshMailboxes(): Promise<void> {
  const since = mailboxState;
  if (!since) return loadMailboxes();
  const changes = jmap.call("Mailbox/changes", { sinceState: since });
  const counts = jmap.call("Mailbox/get", { "#ids": changes.at("/updated"), "#properties": changes.at("/updatedProperties") });
  const made = jmap.call("Mailbox/get", { "#ids": changes.at("/created") });
  const answers = await Promise.all([changes, counts, made]).catch(unlessRefused);
  if (since !== mailboxState) return refreshMailboxes(); // all were fetched meanwhile, before this or after
  if (!answers || answers[0].hasMoreChanges) return loadMailboxes(); // more than the server tells or gives in one request
  const [told, altered, created] = answers;
  mailboxState = told.newState;
  if (told.created.length + told.updated.length + told.destroyed.length === 0) return;
  const now = new Map(mailboxes.peek());
  for (const id of told.destroyed) now.delete(id);
  for (const one of [...altered.list, ...created.list]) now.set(one.id, { ...now.get(one.id), ...one });
  mailboxes.value = now;
  jmap.remember("Mailbox/get", ALL, { accountId: jmap.accountId, state: mailboxState, list: [...now.values()], notFound: [] });
}

function unlessRefused(error: unknown): null {
  if (error instanceof MethodError) return null;
  throw error;
}

export function byRole(role: Role): Mailbox | undefined {
  return mailboxes.value.get(roleId(role) ?? "");
}

/** Which mailbox has a role: it stays the same while mail comes. */
export function roleId(role: Role): Id | undefined {
  return roles.value.get(role);
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
