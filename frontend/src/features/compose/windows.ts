// The windows in which messages are written. Small, since it is there before the first list; all that is done with them is loaded with the first window.
import { type Signal, signal } from "@preact/signals";
import type { Id } from "../../jmap/records";
import type { Draft } from "./draft";

export type Mode = "open" | "small" | "full";
type Status = "" | "changed" | "saving" | "saved" | "sending";
export type Field = "from" | "to" | "cc" | "bcc" | "subject" | "files" | "whole";

/** What is asked before something is sent. */
interface Question {
  words: string;
  yes: string;
  go: () => void;
}

export interface Compose {
  readonly key: string;
  readonly draft: Signal<Draft>;
  readonly mode: Signal<Mode>;
  readonly status: Signal<Status>;
  /** What is wrong, in words, beside which field. */
  readonly wrong: Signal<Partial<Record<Field, string>>>;
  readonly question: Signal<Question | null>;
  readonly expanded: Signal<boolean>; // whether Cc and Bcc are shown
  emailId: Id | null; // the draft as it was saved last
  /** Grows when it comes to the front. */
  turn: number;
  version: number;
  savedVersion: number;
  /** The version that was handed in without an answer: it may have left. */
  unsure: number | null;
  /** What was saved last, as it was sent to the server. */
  saved: string;
  /** Make addresses of what is typed; before it is sent or closed only, not while somebody types. */
  readonly committers: Set<() => void>;
  /** Take over what the editor holds. */
  readonly collectors: Set<() => void>;
  readonly uploads: Set<Promise<void>>;
  /** Puts a picture into the text at the cursor, where there is an editor that can. */
  insertPicture: ((cid: string, url: string, name: string) => void) | null;
  /** The HTML before a switch to plain text, for the way back while the text is the same. */
  before: { html: string; text: string } | null;
  saving: Promise<void>;
  /** Its text or first field is there, and has the focus by `take` unless somebody writes elsewhere by now. */
  readonly arrived: (take: () => void) => void;
  /** Fulfilled then. */
  readonly shown: Promise<void>;
  /** Where the focus was before. */
  readonly opener: Element | null;
  /** It has been sent or thrown away: nothing is saved any more. */
  over: boolean;
}

/** How often it was changed since it may have left; null: it has not. */
export function changesSince(one: Compose): number | null {
  return one.unsure === null ? null : one.version - one.unsure;
}

/** In the order in which they were opened; the one with the highest `turn` is in front. */
export const windows = signal<readonly Compose[]>([]);
/** How many messages wait for a connection. */
export const outboxCount = signal(0);
/** How many messages wait for their time; shown beside their list. */
export const scheduledCount = signal(0);
/** Messages that can still be called back. */
export const held = signal<readonly Held[]>([]);

export interface Held {
  submissionId: Id;
  emailId: Id;
  until: number; // ms
  subject: string;
  original: Draft["original"];
  /** The original had its mark before: another answer has left. */
  marked?: boolean;
  /** It went on as it is: nothing becomes a draft again. */
  redirected?: boolean;
}

/** The message that somebody wants to redirect. */
export const redirecting = signal<Id | null>(null);
