// What others do shows here at once: push says that something has changed, and only that is fetched. RFC 8620 §5.2, §7.
import { signal } from "@preact/signals";
import { t } from "../i18n/words";
import { jmap } from "../jmap/client";
import { Push } from "../jmap/push";
import { type EmailRow, type Id, ROW_PROPERTIES, type Session, type StateChange } from "../jmap/records";
import { nameOf } from "../mail/people";
import { forgetEmails, keepRows, keepThreads, peekRow, peekThread } from "./emails";
import { refreshList } from "./list";
import { loadMailboxes, mailboxState } from "./mailboxes";
import { loadThread, openThread } from "./thread";
import { problem, spoken } from "./toasts";

const AT_ONCE = 200;

/** Whether changes come as they happen. */
export const live = signal(true);
/** Unread emails that have just come, for who wants to tell of them. */
export const arrivals = signal<readonly EmailRow[]>([]);

/** The newest states of types of objects that push has told of, for who shows such. */
export const changedTypes = signal<Readonly<Record<string, string>>>({});

let emailState = "";
let working: Promise<void> = Promise.resolve();
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
  if (change) changedTypes.value = { ...changedTypes.peek(), ...states };
  working = working.then(async () => {
    try {
      const boxes = states["Mailbox"] !== undefined && states["Mailbox"] !== mailboxState ? loadMailboxes() : undefined;
      const mail = states["Email"] !== undefined && states["Email"] !== emailState ? emailsChanged() : undefined;
      await Promise.all([boxes, mail]);
    } catch (error) {
      problem(error);
    }
  });
}

/** Asks at once what has changed, as after a change of one's own. */
export function catchUp(): Promise<void> {
  heard(null);
  return working;
}

async function emailsChanged(): Promise<void> {
  const list = refreshList();
  const changes = jmap.call("Email/changes", { sinceState: emailState, maxChanges: AT_ONCE });
  const made = jmap.call("Email/get", { "#ids": changes.at("/created"), properties: ROW_PROPERTIES });
  const other = jmap.call("Email/get", { "#ids": changes.at("/updated"), properties: ROW_PROPERTIES });
  const threads = jmap.call("Thread/get", { "#ids": made.at("/list/*/threadId") });
  const [told, news, altered, grown] = await Promise.all([changes, made, other, threads]).catch(async () => {
    emailState = (await jmap.call("Email/get", { ids: [] })).state; // too long ago to be told
    return [];
  });
  await list;
  if (!told || !news || !altered || !grown) return;
  emailState = told.newState;
  keepRows(news.list);
  keepRows(altered.list.filter((row) => peekRow(row.id) !== undefined));
  keepThreads(grown.list.filter((thread) => peekThread(thread.id) !== undefined));
  forgetEmails(told.destroyed);
  const unread = news.list.filter((row) => !("$seen" in row.keywords));
  if (unread.length) {
    arrivals.value = unread;
    spoken.value = t("list.arrived", { count: unread.length, who: unread.flatMap((row) => row.from ?? []).map(nameOf).join(", ") });
  }
  await threadTouched([...news.list.map((row) => row.threadId)], told.destroyed);
  if (told.hasMoreChanges) await emailsChanged();
}

async function threadTouched(threadIds: readonly Id[], destroyed: readonly Id[]): Promise<void> {
  const open = openThread.peek();
  if (open && (threadIds.includes(open.id) || open.emailIds.some((id) => destroyed.includes(id)))) await loadThread(open.id);
}
