// What others do shows here at once: push says that something has changed, and only that is fetched. RFC 8620 §5.2, §7.
import { signal } from "@preact/signals";
import { t } from "../i18n/words";
import { MethodError, jmap } from "../jmap/client";
import { Push } from "../jmap/push";
import { type EmailRow, type Id, ROW_PROPERTIES, type Session, type StateChange } from "../jmap/records";
import { nameOf } from "../mail/people";
import { forgetBut, forgetEmails, keepRows, keepThreads, peekRow, peekThread } from "./emails";
import { refreshList, shownIds, touchList } from "./list";
import { mailboxState, refreshMailboxes } from "./mailboxes";
import { loadThread, openThread } from "./thread";
import { problem, spoken } from "./toasts";

const AT_ONCE = 200;
const MOST_GIVEN = 400; // of what the server gives in one call
const REST_MS = 1000; // between two looks while others change thousands

/** Whether changes come as they happen. */
export const live = signal(true);
/** Unread emails that have just come, for who wants to tell of them. */
export const arrivals = signal<readonly EmailRow[]>([]);

/** The newest state of every type that the server has told of. */
export const pushed = signal<Readonly<Record<string, string>>>({});

let emailState = "";
let waiting: Record<string, string> | null = null; // what was heard and not looked at yet
let rest = 0;
let working: Promise<void> = Promise.resolve();
let looking: Promise<unknown> = Promise.resolve(); // what was asked last
let push: Push | null = null;

/** Begins to listen. `state` is what Email/get gave last. */
export async function startSync(session: Session): Promise<void> {
  stopSync();
  emailState = (await jmap.call("Email/get", { ids: [] })).state;
  push = new Push(session, heard, (on) => {
    if (on && !live.peek()) heard(null); // what was missed meanwhile
    live.value = on;
  });
  push.start();
}

export function stopSync(): void {
  push?.stop();
  push = null;
}

function heard(change: StateChange | null): void {
  const states = change ? change.changed[jmap.accountId] : { Email: "", Mailbox: "" };
  if (!states) return;
  pushed.value = { ...pushed.peek(), ...states };
  if (waiting) return void Object.assign(waiting, states);
  const told = (waiting = { ...states });
  working = working.then(() => look(told));
}

async function look(states: Record<string, string>): Promise<void> {
  if (rest) await new Promise((resolve) => setTimeout(resolve, rest));
  waiting = null;
  rest = 0;
  try {
    const boxes = states["Mailbox"] !== undefined && states["Mailbox"] !== mailboxState ? refreshMailboxes() : undefined;
    const mail = states["Email"] !== undefined && states["Email"] !== emailState ? emailsChanged() : undefined;
    await (looking = Promise.all([boxes, mail]));
  } catch (error) {
    problem(error);
  }
}

/** Asks at once what has changed, as after a change of one's own. */
export function catchUp(): Promise<void> {
  heard(null);
  return working;
}

/** When what has been asked by now is answered; what is heard of but not looked at yet comes later. */
export async function looked(): Promise<void> {
  await looking.catch(() => {}); // whoever looks says so
}

async function emailsChanged(): Promise<void> {
  const list = refreshList();
  const changes = jmap.call("Email/changes", { sinceState: emailState, maxChanges: AT_ONCE });
  const made = jmap.call("Email/get", { "#ids": changes.at("/created"), properties: ROW_PROPERTIES });
  const other = jmap.call("Email/get", { "#ids": changes.at("/updated"), properties: ROW_PROPERTIES });
  const threads = jmap.call("Thread/get", { "#ids": made.at("/list/*/threadId") });
  const asked = Promise.all([changes, made, other, threads]).catch(unlessTooLongAgo);
  const [[told, news, altered, grown]] = await Promise.all([asked, list]);
  if (!told || !news || !altered || !grown) return lookAnew();
  emailState = told.newState;
  keepRows(news.list);
  keepRows(altered.list.filter((row) => peekRow(row.id) !== undefined));
  keepThreads(grown.list.filter((thread) => peekThread(thread.id) !== undefined));
  forgetEmails(told.destroyed);
  touchList(); // what stands for a conversation is known now
  const unread = news.list.filter((row) => !("$seen" in row.keywords));
  if (unread.length) {
    arrivals.value = unread;
    spoken.value = t("list.arrived", { count: unread.length, who: unread.flatMap((row) => row.from ?? []).map(nameOf).join(", ") });
  }
  await threadTouched([...news.list.map((row) => row.threadId)], told.destroyed);
  if (!told.hasMoreChanges) return;
  rest = REST_MS;
  await lookAnew();
}

function unlessTooLongAgo(error: unknown): [] {
  if (error instanceof MethodError && error.type === "cannotCalculateChanges") return [];
  throw error;
}

// Too much has changed to be told one by one: what is on the screen is fetched, and all else when it is looked at.
async function lookAnew(): Promise<void> {
  const open = openThread.peek();
  const all = [...new Set([...shownIds(), ...(open?.emailIds ?? [])])];
  const emails = jmap.call("Email/get", { ids: all.slice(0, MOST_GIVEN), properties: ROW_PROPERTIES });
  const threads = jmap.call("Thread/get", { "#ids": emails.at("/list/*/threadId") });
  const [answer, { list }] = await Promise.all([emails, threads]);
  emailState = answer.state;
  keepRows(answer.list);
  keepThreads(list);
  forgetBut(new Set(answer.list.map((row) => row.id)), new Set(list.map((one) => one.id)));
  await refreshList();
  const now = list.find((one) => one.id === open?.id)?.emailIds;
  if (open?.ready && (all.length > MOST_GIVEN || now?.join() !== open.emailIds.join())) await loadThread(open.id);
}

async function threadTouched(threadIds: readonly Id[], destroyed: readonly Id[]): Promise<void> {
  const open = openThread.peek();
  if (open && (!open.ready || threadIds.includes(open.id) || open.emailIds.some((id) => destroyed.includes(id)))) await loadThread(open.id);
}
