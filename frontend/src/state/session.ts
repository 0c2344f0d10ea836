// Who is signed in, and how one comes in and goes.
import { signal } from "@preact/signals";
import { t } from "../i18n/words";
import { OWN_PAGE, RequestFailed, SomebodyElse, jmap } from "../jmap/client";
import type { Session } from "../jmap/records";
import { forgetEverything, keepSession, keeper, keptSession, sessionOver, setStays, waitingHere } from "../offline/keeper";
import { loadPending } from "../offline/pending";

/** undefined: not known yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
/** Why the page cannot be shown, where the server could not be asked. */
export const trouble = signal("");

jmap.keeper = keeper;
jmap.unreachable = (reading) => t(reading ? "offline.not-kept" : "offline.refused");
jmap.onSignedOut = () => {
  session.value = null;
  void sessionOver();
};
jmap.onSessionChanged = () => void look();

export async function look(): Promise<void> {
  try {
    session.value = await jmap.open();
    trouble.value = "";
    void keepSession(session.value);
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 401) jmap.onSignedOut();
    else if (error instanceof SomebodyElse) location.assign("/mail/"); // nothing of one's mail is there for the other
    else if (session.value === undefined) await lookAtKept(error);
  }
}

// Without a connection one is who one was last.
async function lookAtKept(error: unknown): Promise<void> {
  const kept = error instanceof RequestFailed && error.status === 0 ? await keptSession() : undefined;
  if (kept) {
    jmap.take(kept);
    await loadPending().catch(() => {});
    session.value = kept;
  } else trouble.value = error instanceof Error ? error.message : String(error);
}

/** The password was right, and a one-time code must come with it. */
export class CodeWanted extends Error {}

export interface Entry {
  username?: string;
  password?: string;
  code?: string;
  passkey?: unknown;
  stay?: boolean;
}

/** A door of ours beside JMAP. Raises an Error with words for the page, or CodeWanted. */
export async function knock(path: string, body: Entry): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/mail/${path}`, {
      method: "POST",
      headers: { ...OWN_PAGE, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error(t("sign-in.unreachable"));
  }
  if (response.ok) return response;
  const told = await answerOf(response);
  if (told.codeWanted) throw new CodeWanted(t("sign-in.code-wanted"));
  if (response.status === 401 && !("passkey" in body)) throw new Error(wrong(body));
  throw new Error(told.message ?? t("sign-in.failed", { status: response.status }));
}

function wrong(entry: Entry): string {
  if (entry.code !== undefined) return t("sign-in.wrong-code");
  return entry.username === undefined ? t("sign-in.wrong-password") : t("sign-in.wrong");
}

/** Raises as `knock`. */
export async function signIn(entry: Entry): Promise<void> {
  await knock("sign-in", entry);
  setStays(entry.stay ?? false);
  await look();
}

async function answerOf(response: Response): Promise<{ message?: string; codeWanted?: boolean }> {
  try {
    return (await response.json()) as { message: string };
  } catch {
    return {};
  }
}

export async function signOut(): Promise<void> {
  const count = await waitingHere();
  if (count && !confirm(t("account.ask-sign-out", { count }))) return;
  const answer = await fetch("/mail/sign-out", { method: "POST", headers: OWN_PAGE }).catch(() => {
    throw new Error(t("offline.refused"));
  });
  if (!answer.ok) throw new Error((await answerOf(answer)).message ?? answer.statusText);
  await forgetEverything();
  localStorage.removeItem("postroom.preferences");
  location.assign("/mail/");
}

export function isMe(email: string): boolean {
  return email.toLowerCase() === session.value?.username.toLowerCase();
}
