// Messages that were sent without a connection: kept on the device, and sent when there is one, while a window of the web mail is open.
import { signal } from "@preact/signals";
import { t } from "../../i18n/words";
import { RequestFailed } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import { allWaiting, dropWaiting, putWaiting } from "../../offline/store";
import { problem, toast } from "../../state/toasts";
import type { Draft } from "./draft";
import { afterwards, handIn, hasLeft, tidy } from "./handing_in";
import { openDraftWindow } from "./open";
import { said } from "./refusals";
import { type Compose, type Field, changesSince, outboxCount } from "./windows";

export interface Letter {
  key: string;
  draft: Draft;
  /** The draft as it was saved on the server before. */
  emailId: Id | null;
  /** When it is to leave; null: at once. */
  at: string | null;
  /** So many changes ago it may have left. */
  since?: number | null;
}

export const outbox = signal<readonly Letter[]>([]);

export async function look(): Promise<void> {
  take(await allWaiting<Letter>("outbox"));
}

function take(all: readonly Letter[]): void {
  outbox.value = all;
  outboxCount.value = all.length;
}

export async function put(one: Compose, at: Date | null): Promise<void> {
  const letter: Letter = { key: one.key, draft: one.draft.peek(), emailId: one.emailId, at: at?.toISOString() ?? null, since: changesSince(one) };
  await putWaiting("outbox", [letter]);
  await look();
  toast(t("outbox.waits"), { action: { label: t("undo.undo"), run: () => void takeBack(letter.key).catch(problem) } });
}

/** Back into a window; raises an Error with words where it has left, or is open already. */
export function takeBack(key: string): Promise<void> {
  return alone(async () => {
    const letter = await find(key);
    if (!letter) throw new Error(t("compose.too-late"));
    await open(letter);
  });
}

async function find(key: string): Promise<Letter | undefined> {
  await look();
  return outbox.peek().find((one) => one.key === key);
}

let before: Promise<unknown> = Promise.resolve();

// A letter leaves or is taken back, in whatever window; where a browser has no locks (a page without TLS), in this one.
function alone(work: () => Promise<void>): Promise<void> {
  if (navigator.locks) return navigator.locks.request("postroom-outbox", work);
  const now = before.then(work);
  before = now.catch(() => {});
  return now;
}

async function open({ key, draft, emailId, since }: Letter, wrong: Partial<Record<Field, string>> = {}): Promise<void> {
  openDraftWindow(draft, { emailId, version: 1, since: draft.messageId ? (since ?? 0) : null }).wrong.value = wrong;
  await done(key);
}

async function done(key: string): Promise<void> {
  await dropWaiting("outbox", [key]);
  await look();
}

/** Sends them, one after the other. Raises where the connection breaks: what is left waits on. */
export async function sendAll(): Promise<void> {
  await look();
  for (const { key } of outbox.peek()) {
    await alone(async () => {
      const letter = await find(key);
      if (letter) await send(letter);
    });
  }
}

async function send(letter: Letter): Promise<void> {
  const later = letter.at === null ? null : new Date(letter.at);
  const at = later && later.getTime() > Date.now() ? later : null;
  if (await hasLeft(letter.draft.messageId)) await leftBefore(letter);
  else await leave(letter, at);
}

// Its answer was lost. What was changed since then is no part of it, and is not lost.
async function leftBefore(letter: Letter): Promise<void> {
  if (letter.since) return open({ ...letter, draft: { ...letter.draft, messageId: "" } }, { whole: t("compose.left-before") });
  await tidy(letter.draft, letter.emailId);
  toast(t("compose.sent"));
  await done(letter.key);
}

async function leave(letter: Letter, at: Date | null): Promise<void> {
  const sent = await handIn(letter.draft, at).catch((error: unknown) => {
    if (error instanceof RequestFailed) throw error; // it waits on
    return { emailId: letter.emailId, submissionId: null, wrong: { whole: said(error) } };
  });
  if (sent.submissionId === null) {
    toast(t("outbox.refused"), { kind: "problem" });
    return open({ ...letter, emailId: sent.emailId }, sent.wrong);
  }
  await afterwards(letter.draft, letter.emailId, { emailId: sent.emailId, submissionId: sent.submissionId, at });
  await done(letter.key);
}
