// Contacts out of files and into files. The server reads and writes them (ContactCard/parse and /serialize).
import { t } from "../../i18n/words";
import { OWN_PAGE, jmap } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import { done } from "../../state/undo";
import { cards, refreshContacts, wholeCard } from "./book";
import type { Card, Format, ParsedFile } from "./records";

const AT_ONCE = 100;
const MOST_AT_ONCE = 3_000_000; // characters of the cards of one request: they may have pictures, and a server takes 10 MB (RFC 8620 §2, maxSizeRequest)

/** What a file holds. Raises an Error with words. */
export async function readFile(file: File): Promise<ParsedFile> {
  const url = (jmap.session?.uploadUrl ?? "").replace("{accountId}", encodeURIComponent(jmap.accountId));
  const headers = { ...OWN_PAGE, "content-type": file.type || "application/octet-stream" };
  const response = await fetch(new URL(url, location.href).pathname, { method: "POST", headers, body: file });
  if (!response.ok) throw new Error(t("contacts.not-uploaded"));
  const { blobId } = (await response.json()) as { blobId: Id };
  const told = await jmap.call("ContactCard/parse", { blobIds: [blobId] });
  const found = told.parsed?.[blobId];
  if (!found) throw new Error(t("contacts.not-read", { why: told.notParsable?.[blobId]?.description ?? "" }));
  return found;
}

export interface Taken {
  added: number;
  replaced: number;
  refused: string[];
}

/** Takes cards into an address book; one that is there already, by its uid, is replaced. `onStep` hears how many are done. */
export async function takeIn(file: ParsedFile, bookId: Id, onStep: (count: number) => void): Promise<Taken> {
  const there = new Map([...(cards.peek()?.values() ?? [])].map((one) => [one.uid, one]));
  const wanted = [...new Map(file.cards.map((one) => [one.uid, one])).values()];
  const taken: Taken = { added: 0, replaced: 0, refused: [] };
  const made: Id[] = [];
  const before: Card[] = [];
  let through = 0;
  for (const some of portions(wanted)) {
    const known = some.filter((one) => there.has(one.uid));
    const whole = (await Promise.all(known.map((one) => wholeCard(there.get(one.uid)?.id ?? "")))).filter((one) => one !== null);
    before.push(...whole);
    const create = Object.fromEntries(some.filter((one) => !there.has(one.uid)).map((one, index) => [`c${index}`, { ...one, addressBookIds: { [bookId]: true } }]));
    const update = Object.fromEntries(whole.map((old) => [old.id, replacing(old, some.find((one) => one.uid === old.uid) ?? {})]));
    const answer = await jmap.call("ContactCard/set", { create, update });
    made.push(...Object.values(answer.created ?? {}).map((one) => one.id));
    taken.added += Object.keys(answer.created ?? {}).length;
    taken.replaced += Object.keys(answer.updated ?? {}).length;
    taken.refused.push(...[answer.notCreated, answer.notUpdated].flatMap((one) => Object.values(one ?? {})).map((one) => one.description ?? one.type));
    onStep((through += some.length));
  }
  await refreshContacts();
  if (taken.added || taken.replaced) done(t("contacts.imported", { count: taken.added + taken.replaced }), () => back(made, before, wanted));
  return taken;
}

function portions<T>(cards: readonly T[]): T[][] {
  const found: T[][] = [];
  let size = 0;
  for (const card of cards) {
    const more = JSON.stringify(card).length;
    const last = found.at(-1);
    if (last && last.length < AT_ONCE && size + more <= MOST_AT_ONCE) last.push(card);
    else found.push([card]);
    size = found.at(-1) === last ? size + more : more;
  }
  return found;
}

// A card of the file in the place of an older one: in the same books, nothing else of the older left.
function replacing(old: object, next: object): Record<string, unknown> {
  const gone = Object.keys(old).filter((name) => !(name in next) && !["id", "addressBookIds", "created", "updated"].includes(name));
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...next };
}

async function back(made: readonly Id[], before: readonly Card[], wanted: readonly object[]): Promise<void> {
  const names = new Set(wanted.flatMap((one) => Object.keys(one)));
  for (let at = 0; at < made.length; at += AT_ONCE) await jmap.call("ContactCard/set", { destroy: made.slice(at, at + AT_ONCE) });
  for (let at = 0; at < before.length; at += AT_ONCE) {
    const some = before.slice(at, at + AT_ONCE).map(({ id, ...card }) => [id, { ...Object.fromEntries([...names].filter((name) => !(name in card)).map((name) => [name, null])), ...card }]);
    await jmap.call("ContactCard/set", { update: Object.fromEntries(some) as Record<Id, Record<string, unknown>> });
  }
  await refreshContacts();
}

/** Makes a file and has the browser keep it; gives how many cards are in it. */
export async function giveOut(format: Format, which: { ids?: Id[]; addressBookId?: Id }): Promise<{ cards: number; leftOut: number }> {
  const told = await jmap.call("ContactCard/serialize", { format, ...which });
  const link = document.createElement("a");
  const name = `${t("contacts.file-name")}.${told.extension}`;
  link.href = jmap.downloadUrl(told.blobId, name, told.type);
  link.download = name;
  link.click();
  return told;
}
