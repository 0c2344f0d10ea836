// Drafts save themselves: a moment after the last change, and when the page is left. An email cannot be changed (RFC 8621 §4.6), so a new one is made, and
// when it is there the one before is removed.
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { BodyPart } from "../../jmap/records";
import { needRole } from "../../state/mailboxes";
import { type Attached, emailOf, filesSent, recipientsIn } from "./draft";
import { needIdentities, senderOf } from "./identities";
import { keep } from "./kept";
import { said, wordsFor } from "./refusals";
import { type Compose, windows } from "./windows";

const QUIET_MS = 1500;
const LONGEST_MS = 8000;
const KEEP_MS = 250;
const AGAIN_MS = 15_000; // after a saving that failed

const timers = new WeakMap<Compose, { quiet: number; since: number }>();
let keeping = 0;
let cost = 0; // ms that it took last: of a long message it is kept more rarely

/** Says that something has been changed. */
export function touch(one: Compose): void {
  if (one.over) return;
  one.version++;
  if (one.status.peek() !== "sending") one.status.value = "changed";
  keeping ||= window.setTimeout(keepNow, Math.max(KEEP_MS, 20 * cost));
  const timer = timers.get(one);
  const since = timer?.since ?? Date.now();
  window.clearTimeout(timer?.quiet);
  const wait = Math.max(0, Math.min(QUIET_MS, since + LONGEST_MS - Date.now()));
  timers.set(one, { since, quiet: window.setTimeout(() => void save(one).catch(() => {}), wait) });
}

function keepNow(): void {
  window.clearTimeout(keeping);
  keeping = 0;
  const began = performance.now();
  for (const one of windows.peek()) if (one.version !== one.savedVersion) collect(one);
  keep();
  cost = performance.now() - began;
}

export function collect(one: Compose): void {
  for (const work of one.collectors) work();
}

/** Also what is only typed yet: it is going to be sent, or the window to be closed. */
export function commit(one: Compose): void {
  for (const work of one.committers) work();
  collect(one);
}

/** Whether there is nothing that would be worth keeping. */
export function isBlank(one: Compose): boolean {
  const draft = one.draft.peek();
  return one.version === 0 || (!recipientsIn(draft).length && !draft.subject && !draft.files.length && !draft.text.replace(/^-- \n[^]*$/m, "").trim());
}

/** Brings it to the server, after whatever is on its way; raises what the server has said. */
export function save(one: Compose): Promise<void> {
  one.saving = one.saving.catch(() => {}).then(() => saveNow(one));
  return one.saving;
}

async function saveNow(one: Compose): Promise<void> {
  window.clearTimeout(timers.get(one)?.quiet);
  timers.delete(one);
  if (one.over || one.version === one.savedVersion || one.status.peek() === "sending") return;
  collect(one);
  if (isBlank(one) && one.emailId === null) return;
  const version = one.version;
  const [drafts] = await Promise.all([needRole("drafts"), needIdentities()]);
  if (one.status.peek() === "sending") return; // meanwhile
  const written = () => emailOf(one.draft.peek(), senderOf(one.draft.peek()), drafts);
  if (JSON.stringify(written()) === one.saved) {
    one.savedVersion = version;
    one.status.value = "saved";
    return keep();
  }
  one.status.value = "saving";
  try {
    const sent = filesSent(one.draft.peek());
    const answer = await jmap.call("Email/set", { create: { draft: written() } });
    const made = answer.created?.["draft"];
    if (!made) throw new Error(t("compose.not-saved", { why: wordsFor(answer.notCreated?.["draft"]).words }));
    await replaced(one, made.id, sent);
    one.savedVersion = version;
    if (one.version === version) one.saved = JSON.stringify(written());
    if (one.wrong.peek().whole) one.wrong.value = { ...one.wrong.peek(), whole: "" };
    if (one.status.peek() === "saving") one.status.value = one.version === version ? "saved" : "changed";
    keep();
  } catch (error) {
    if (one.status.peek() === "saving") one.status.value = "changed";
    one.wrong.value = { ...one.wrong.peek(), whole: said(error) };
    timers.set(one, { since: Date.now(), quiet: window.setTimeout(() => void save(one).catch(() => {}), AGAIN_MS) });
    throw error;
  }
}

/** The new email is the draft now. The files it was `sent` with are taken from it from now on: what was uploaded does not stay for ever. */
export async function replaced(one: Compose, id: string, sent: readonly Attached[]): Promise<void> {
  const before = one.emailId;
  one.emailId = id;
  const bodyProperties: (keyof BodyPart)[] = ["blobId", "name", "cid", "type"];
  const files = jmap.call("Email/get", { ids: [id], properties: ["id", "attachments"], bodyProperties });
  const gone = before === null ? null : jmap.call("Email/set", { destroy: [before] });
  const parts = (await files).list[0]?.attachments ?? [];
  await gone;
  if (parts.length !== sent.length) return;
  const blobs = new Map(sent.map((file, index) => [file.key, parts[index]?.blobId ?? file.blobId]));
  const draft = one.draft.peek();
  one.draft.value = { ...draft, files: draft.files.map((file) => ({ ...file, blobId: blobs.get(file.key) ?? file.blobId })) };
}

/** Whether something would be lost now. */
function unsaved(): boolean {
  return windows.peek().some((one) => !one.over && (one.uploads.size > 0 || (one.version !== one.savedVersion && !isBlank(one))));
}

addEventListener("pagehide", keepNow);
addEventListener("beforeunload", (event) => {
  keepNow();
  if (unsaved()) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  keepNow();
  for (const one of windows.peek()) void save(one).catch(() => {});
});
