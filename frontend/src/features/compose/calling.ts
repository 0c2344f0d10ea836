// JMAP methods that other features may declare, too: called without types, so that no declaration stands against another's.
import { jmap } from "../../jmap/client";
import type { ResultReference, SetError } from "../../jmap/methods";
import type { Address, Id } from "../../jmap/records";

interface Asked<A> extends Promise<A> {
  at(path: string): ResultReference;
}

export function ask<A>(name: string, args: object): Asked<A> {
  return (jmap.call as unknown as (name: string, args: object) => Asked<A>).call(jmap, name, args);
}

/** RFC 8621 §6. */
export interface Identity {
  id: Id;
  name: string;
  email: string;
  replyTo: Address[] | null;
  bcc: Address[] | null;
  textSignature: string;
  htmlSignature: string;
}

/** RFC 8621 §7. */
export interface Submission {
  id: Id;
  emailId: Id;
  sendAt: string;
  undoStatus: "pending" | "final" | "canceled";
  envelope: { mailFrom: { email: string }; rcptTo: { email: string }[] } | null;
}

export interface Refusal extends SetError {
  invalidRecipients?: string[];
  maxRecipients?: number;
  maxSize?: number;
}

/** What the account can do, of one capability. */
export function ability(capability: string, name: string): unknown {
  return jmap.session?.accounts[jmap.accountId]?.accountCapabilities[capability]?.[name];
}
