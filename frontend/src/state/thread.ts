// The conversation that is open: its emails with their bodies.
import { signal } from "@preact/signals";
import { MethodError, jmap } from "../jmap/client";
import { BODY_PROPERTIES, type EmailBody, type EmailRow, type Id, PART_PROPERTIES, ROW_PROPERTIES } from "../jmap/records";
import { pieces } from "../mail/pieces";
import { emailBody, keepBodies, keepRows, keepThreads, peekThread } from "./emails";
import { problem } from "./toasts";

export interface OpenThread {
  id: Id;
  emailIds: Id[];
  ready: boolean;
}

const MOST_TEXT = 512 * 1024; // octets of one body
const AT_ONCE = 400; // of what the server gives in one call
const PROPERTIES = [...ROW_PROPERTIES, ...BODY_PROPERTIES.filter((name) => name !== "id")];
const WITH_TEXT = { properties: PROPERTIES, bodyProperties: PART_PROPERTIES, fetchTextBodyValues: true, maxBodyValueBytes: MOST_TEXT };

const coming = new Map<Id, Promise<Id[]>>();
export const openThread = signal<OpenThread | null>(null);

export async function showThread(id: Id | undefined): Promise<void> {
  if (!id) {
    openThread.value = null;
    return;
  }
  const open = openThread.peek();
  if (open?.id === id && open.ready) return; // what comes to it is told by push
  const known = peekThread(id);
  const ready = known?.every((one) => emailBody(one)) ?? false;
  if (open?.id !== id || ready) openThread.value = { id, emailIds: known ?? [], ready };
  if (!ready) await loadThread(id);
}

/** Fetches a conversation that will probably be opened, once. */
export function prefetch(id: Id): void {
  if (openThread.peek()?.id === id || coming.has(id) || peekThread(id)?.every((one) => emailBody(one))) return;
  const found = fetchThread(id).finally(() => coming.delete(id));
  coming.set(id, found);
  found.catch(() => {}); // told when it is really opened
}

/** Fetches it; one that is no more is closed by whoever shows it. */
export async function loadThread(id: Id): Promise<void> {
  try {
    const found = await (coming.get(id) ?? fetchThread(id));
    if (openThread.peek()?.id === id) openThread.value = { id, emailIds: found, ready: true };
  } catch (error) {
    problem(error);
  }
}

async function fetchThread(id: Id): Promise<Id[]> {
  const threads = jmap.call("Thread/get", { ids: [id] });
  const emails = jmap.call("Email/get", { "#ids": threads.at("/list/*/emailIds"), ...WITH_TEXT });
  const [thread, some] = await Promise.all([threads, emails.catch(unlessTooMany)]);
  const ids = thread.list[0]?.emailIds ?? [];
  if (some) keep(some.list);
  else for (const more of pieces(ids, AT_ONCE)) keepRows((await jmap.call("Email/get", { ids: more, properties: ROW_PROPERTIES })).list);
  keepThreads(thread.list);
  return ids;
}

// Of a conversation that is longer than what the server gives in one call, each text is fetched when it is opened.
function unlessTooMany(error: unknown): null {
  if (error instanceof MethodError && error.type === "requestTooLarge") return null;
  throw error;
}

/** The text of an email that is not at hand: only so many are kept. Undefined where it is no more. */
export async function loadBody(id: Id): Promise<EmailBody | undefined> {
  keep((await jmap.call("Email/get", { ids: [id], ...WITH_TEXT })).list);
  return emailBody(id);
}

function keep(list: readonly (EmailRow & EmailBody)[]): void {
  keepRows(list.map(rowOf));
  keepBodies(list.map(bodyOf));
}

function rowOf(email: EmailRow): EmailRow {
  return Object.fromEntries(ROW_PROPERTIES.map((name) => [name, email[name]])) as unknown as EmailRow;
}

function bodyOf(email: EmailBody): EmailBody {
  return Object.fromEntries(BODY_PROPERTIES.map((name) => [name, email[name]])) as unknown as EmailBody;
}
