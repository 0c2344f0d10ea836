// Who is signed in, and how one comes in and goes.
import { signal } from "@preact/signals";
import { t } from "../i18n/words";
import { OWN_PAGE, RequestFailed, jmap } from "../jmap/client";
import type { Session } from "../jmap/records";

/** undefined: not known yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
/** Why the page cannot be shown, where the server could not be asked. */
export const trouble = signal("");

jmap.onSignedOut = () => (session.value = null);
jmap.onSessionChanged = () => void look();

export async function look(): Promise<void> {
  try {
    session.value = await jmap.open();
    trouble.value = "";
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 401) session.value = null;
    else if (session.value === undefined) trouble.value = error instanceof Error ? error.message : String(error);
  }
}

/** Raises an Error with words for the page. */
export async function signIn(username: string, password: string, stay: boolean): Promise<void> {
  let response: Response;
  try {
    response = await fetch("/mail/sign-in", {
      method: "POST",
      headers: { ...OWN_PAGE, "content-type": "application/json" },
      body: JSON.stringify({ username, password, stay }),
    });
  } catch {
    throw new Error(t("sign-in.unreachable"));
  }
  if (response.status === 401) throw new Error(t("sign-in.wrong"));
  if (!response.ok) throw new Error(await words(response));
  const before = jmap.session?.username;
  await look();
  if (before !== undefined && before !== jmap.session?.username) location.assign("/mail/"); // nothing of one's mail is there for the other
}

async function words(response: Response): Promise<string> {
  try {
    return ((await response.json()) as { message: string }).message;
  } catch {
    return t("sign-in.failed", { status: response.status });
  }
}

export async function signOut(): Promise<void> {
  await fetch("/mail/sign-out", { method: "POST", headers: OWN_PAGE });
  localStorage.removeItem("postroom.preferences");
  location.assign("/mail/");
}

export function isMe(email: string): boolean {
  return email.toLowerCase() === session.value?.username.toLowerCase();
}
