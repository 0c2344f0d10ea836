// Which emails a conversation of the list stands for. What was forgotten meanwhile is fetched, and not kept: there may be more than is kept.
import { jmap } from "../jmap/client";
import { type EmailRow, type Id, ROW_PROPERTIES } from "../jmap/records";
import { asItWillBe } from "../offline/pending";
import { peekRow, peekThread } from "../state/emails";
import { source } from "../state/list";
import { pieces } from "./pieces";

const AT_ONCE = 400; // of what the server gives in one call

/** All emails of the conversations; in a flat list the emails alone. */
export async function whole(ids: readonly Id[]): Promise<EmailRow[]> {
  const { flat } = source.peek() ?? {};
  const rows = await rowsOf(ids);
  if (flat) return rows;
  return rowsOf(await emailsOf([...new Set(rows.map((row) => row.threadId))]));
}

/** Emails as they are shown; one that is no more is left out. */
export function rowsOf(ids: readonly Id[]): Promise<EmailRow[]> {
  return found(ids, peekRow, async (some) => {
    const { list } = await jmap.call("Email/get", { ids: some, properties: ROW_PROPERTIES });
    return list.map((row) => [row.id, asItWillBe(row)]);
  });
}

async function emailsOf(threadIds: readonly Id[]): Promise<Id[]> {
  const threads = await found(threadIds, peekThread, async (some) => (await jmap.call("Thread/get", { ids: some })).list.map((one) => [one.id, one.emailIds]));
  return threads.flat();
}

async function found<T>(ids: readonly Id[], known: (id: Id) => T | undefined, fetch: (some: Id[]) => Promise<[Id, T][]>): Promise<T[]> {
  const lost = ids.filter((id) => known(id) === undefined);
  const fetched = new Map<Id, T>();
  for (const some of pieces(lost, AT_ONCE)) for (const [id, one] of await fetch(some)) fetched.set(id, one);
  return ids.map((id) => known(id) ?? fetched.get(id)).filter((one) => one !== undefined);
}
