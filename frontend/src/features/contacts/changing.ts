// Contacts are made, changed, deleted and put together, each with a way back. RFC 9610 §3.5.
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { SetAnswer } from "../../jmap/methods";
import type { Id } from "../../jmap/records";
import { pointer } from "../../mail/changes";
import { done } from "../../state/undo";
import { books, cards, loadBooks, loadContacts, refreshContacts, wholeCard } from "./book";
import { cardName } from "./cards";
import { merged } from "./duplicates";
import type { Card } from "./records";

type Values = Record<string, unknown>;

function checked(answer: SetAnswer): SetAnswer {
  const wrong = [answer.notCreated, answer.notUpdated, answer.notDestroyed].flatMap((one) => Object.values(one ?? {}));
  if (wrong[0]) throw new Error(t("contacts.not-saved", { why: wrong[0].description ?? wrong[0].type }));
  return answer;
}

function defaultBook(): Record<Id, true> {
  const book = books.peek()[0];
  return book ? { [book.id]: true } : {};
}

/** Makes a card, and gives its id. */
export async function make(values: Values): Promise<Id> {
  await loadContacts();
  const answer = checked(await jmap.call("ContactCard/set", { create: { c: { addressBookIds: defaultBook(), ...values } } }));
  await refreshContacts();
  return answer.created?.["c"]?.id ?? "";
}

const coming = new Map<string, Promise<unknown>>();

// Who presses twice while the first is on its way means one.
function once<T>(what: string, work: () => Promise<T>): Promise<T> {
  const before = coming.get(what) as Promise<T> | undefined;
  if (before) return before;
  const now = work().finally(() => coming.delete(what));
  coming.set(what, now);
  return now;
}

export function makeTold(values: Values): Promise<Id> {
  return once(JSON.stringify(values), async () => {
    const id = await make(values);
    done(t("contacts.made", { name: cardName(values as unknown as Card) }), () => remove([id]));
    return id;
  });
}

async function remove(ids: readonly Id[]): Promise<void> {
  checked(await jmap.call("ContactCard/set", { destroy: [...ids] }));
  await refreshContacts();
}

async function patch(id: Id, values: Values): Promise<void> {
  checked(await jmap.call("ContactCard/set", { update: { [id]: values } }));
  await refreshContacts();
}

/** What leads back from a change: each property as it was. */
function reverse(card: Card, values: Values): Values {
  return Object.fromEntries(Object.keys(values).map((name) => [name, (card as unknown as Values)[name] ?? null]));
}

export async function update(card: Card, values: Values, label = t("contacts.saved", { name: cardName(card) })): Promise<void> {
  if (!Object.keys(values).length) return;
  await patch(card.id, values);
  done(label, () => patch(card.id, reverse(card, values)));
}

// A card that was destroyed comes back as another with the same uid, which is what groups name it by.
async function again(card: Card): Promise<void> {
  const { id: _id, ...values } = card;
  await make(values);
}

export async function deleteCard(id: Id): Promise<void> {
  const card = await wholeCard(id);
  if (!card) return;
  await remove([id]);
  done(t("contacts.deleted", { name: cardName(card) }), () => again(card));
}

/** Puts somebody into a group or takes him out. */
export async function setMember(group: Card, card: Card, on: boolean): Promise<void> {
  const there = (wanted: boolean) => (group.members ? { [`members/${pointer(card.uid)}`]: wanted || null } : { members: wanted ? { [card.uid]: true } : null });
  await patch(group.id, there(on)); // this one alone: another may be on its way
  done(t(on ? "contacts.joined" : "contacts.left", { name: cardName(card), group: cardName(group) }), () => patch(group.id, there(!on)));
}

/** One card of several: the first is kept, the others go. */
export async function merge(ids: readonly Id[]): Promise<void> {
  const all = (await Promise.all(ids.map(wholeCard))).filter((one) => one !== null);
  const [first, ...others] = all;
  if (!first || !others.length) return;
  const values = merged(all);
  const touched = [...(cards.peek()?.values() ?? [])].filter((one) => others.some((other) => other.uid in (one.members ?? {})));
  const renamed = touched.map((group) => [group, { members: replaced(group, first, others) }] as const);
  checked(await jmap.call("ContactCard/set", {
    update: { ...(Object.keys(values).length ? { [first.id]: values } : {}), ...Object.fromEntries(renamed.map(([group, one]) => [group.id, one])) },
    destroy: others.map((one) => one.id),
  }));
  await refreshContacts();
  done(t("contacts.merged", { count: all.length, name: cardName(first) }), async () => {
    for (const one of others) await again(one);
    if (Object.keys(values).length) await patch(first.id, reverse(first, values));
    for (const [group, one] of renamed) await patch(group.id, reverse(group, one));
  });
}

function replaced(group: Card, first: Card, others: readonly Card[]): Record<string, true> {
  const left = Object.keys(group.members ?? {}).filter((uid) => !others.some((one) => one.uid === uid));
  return Object.fromEntries([...left, first.uid].map((uid) => [uid, true]));
}

export function makeBook(name: string): Promise<void> {
  return once(name, async () => {
    checked(await jmap.call("AddressBook/set", { create: { b: { name } } }));
    await loadBooks();
  });
}

export async function renameBook(id: Id, name: string): Promise<void> {
  checked(await jmap.call("AddressBook/set", { update: { [id]: { name } } }));
  await loadBooks();
}

/** Only one with nothing in it. */
export async function deleteBook(id: Id): Promise<void> {
  checked(await jmap.call("AddressBook/set", { destroy: [id] }));
  await loadBooks();
}
