// The addresses one writes under, with their signatures. Asked for once; anew when a window is opened later on, or when something of them was changed.
import { signal } from "@preact/signals";
import { session } from "../../state/session";
import { pushed } from "../../state/sync";
import { keyOf } from "./addresses";
import { type Identity, ask } from "./calling";
import { type Draft, type Sender, newKey } from "./draft";

export const identities = signal<readonly Identity[]>([]);
let asked = 0;
let told: string | undefined; // of their state, when they were asked for
const FRESH_MS = 60_000;

export async function loadIdentities(): Promise<readonly Identity[]> {
  const now = pushed.peek()["Identity"];
  if (Date.now() - asked > FRESH_MS || now !== told || !identities.peek().length) {
    const { list } = await ask<{ list: Identity[] }>("Identity/get", { ids: null });
    identities.value = list.filter((one) => !one.email.startsWith("*"));
    asked = Date.now();
    told = now;
  }
  return identities.peek();
}

/** What is written under one of them does without asking, once they are known. */
export async function needIdentities(): Promise<void> {
  if (!identities.peek().length) await loadIdentities();
}

/** All addresses that are one's own. */
export function mine(): Set<string> {
  return new Set([session.peek()?.username ?? "", ...identities.peek().map((one) => one.email)].map(keyOf));
}

export function identityOf(draft: Draft): Identity | undefined {
  return identities.value.find((one) => one.id === draft.identityId) ?? identities.value[0];
}

export function newMessageId(draft: Draft): string {
  return `${newKey()}@${senderOf(draft).email.replace(/.*@/, "")}`;
}

export function senderOf(draft: Draft): Sender {
  const found = identityOf(draft);
  return found ?? { name: "", email: session.peek()?.username ?? "", replyTo: null, bcc: null };
}
