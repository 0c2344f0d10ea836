// All contacts of the account, kept up to date while they are looked at. RFC 9610 §3. Bounded.
import { computed, effect, signal } from "@preact/signals";
import { language } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import { pieces } from "../../mail/pieces";
import { pushed } from "../../state/sync";
import { problem } from "../../state/toasts";
import { sorted } from "./cards";
import { type AddressBook, type Card, ROW } from "./records";

const AT_ONCE = 200;
export const MOST = 20_000;

export const cards = signal<ReadonlyMap<Id, Card> | null>(null);
export const books = signal<readonly AddressBook[]>([]);
/** Whether there are more than are fetched. */
export const areMore = signal(false);
export const ordered = computed(() => sorted(cards.value?.values() ?? [], language.value));
export const groups = computed(() => ordered.value.filter((one) => one.kind === "group"));
let state = "";
let loading: Promise<void> | null = null;

/** Fetches all of them, once; afterwards what push tells of. */
export function loadContacts(): Promise<void> {
  return (loading ??= fetchAll().catch((error: unknown) => {
    loading = null;
    throw error;
  }));
}

async function fetchAll(): Promise<void> {
  const before = jmap.call("ContactCard/get", { ids: [] }); // what changes from here on is fetched as a change
  const [{ list }, { state: now }, { ids, total }] = await Promise.all([jmap.call("AddressBook/get", {}), before, allIds()]);
  const found = new Map<Id, Card>();
  for (const some of pieces(ids, AT_ONCE)) {
    for (const card of (await jmap.call("ContactCard/get", { ids: some, properties: ROW })).list) found.set(card.id, card);
  }
  state = now;
  books.value = sortedBooks(list);
  cards.value = found;
  areMore.value = total > ids.length;
}

// In as many answers as the server takes for them.
async function allIds(): Promise<{ ids: Id[]; total: number }> {
  const ids: Id[] = [];
  for (;;) {
    const part = await jmap.call("ContactCard/query", { position: ids.length, limit: MOST - ids.length, calculateTotal: true });
    ids.push(...part.ids);
    const total = part.total ?? ids.length;
    if (!part.ids.length || ids.length >= Math.min(total, MOST)) return { ids, total };
  }
}

function sortedBooks(list: readonly AddressBook[]): AddressBook[] {
  return [...list].sort((one, other) => Number(other.isDefault) - Number(one.isDefault) || one.sortOrder - other.sortOrder || one.name.localeCompare(other.name));
}

export async function loadBooks(): Promise<void> {
  books.value = sortedBooks((await jmap.call("AddressBook/get", {})).list);
}

/** Fetches what has changed since. */
export async function refreshContacts(): Promise<void> {
  if (!cards.peek()) return;
  const changes = await jmap.call("ContactCard/changes", { sinceState: state, maxChanges: AT_ONCE });
  const ids = [...changes.created, ...changes.updated];
  const found = ids.length ? await jmap.call("ContactCard/get", { ids, properties: ROW }) : null;
  const next = new Map(cards.peek());
  for (const card of found?.list ?? []) next.set(card.id, card);
  for (const id of changes.destroyed) next.delete(id);
  state = changes.newState;
  cards.value = next;
  if (changes.hasMoreChanges) await refreshContacts();
}

effect(() => {
  const told = pushed.value;
  if (told["ContactCard"] !== undefined && told["ContactCard"] !== state && cards.peek()) void refreshContacts().catch(problem);
  if (told["AddressBook"] !== undefined && cards.peek()) void loadBooks().catch(problem);
});

export async function wholeCard(id: Id): Promise<Card | null> {
  return (await jmap.call("ContactCard/get", { ids: [id] })).list[0] ?? null;
}

export function byEmail(email: string): Card | undefined {
  const wanted = email.toLowerCase();
  for (const card of cards.value?.values() ?? []) {
    if (Object.values(card.emails ?? {}).some((one) => one.address.toLowerCase() === wanted)) return card;
  }
  return undefined;
}

export function membersOf(group: Card): Card[] {
  return ordered.value.filter((one) => one.uid in (group.members ?? {}));
}
