// What the server tells of a message's header and of its journey (vendor methods).
import type { Id } from "../../jmap/records";

export interface Hop {
  helo: string;
  reverse: string;
  ip: string;
  by: string;
  protocol: string;
  id: string;
  recipient: string;
  at: number | null;
  tls: boolean | null;
  tlsVersion: string;
  login: boolean;
}

export interface Checked {
  method: string;
  result: string;
  domain: string;
  reason: string;
}

export interface Warned {
  kind: string;
  values: Record<string, string>;
}

export interface Report {
  steps: { hop: Hop; seconds: number | null }[];
  seconds: number | null;
  checks: { by: string; ours: boolean; results: Checked[] }[];
  warnings: Warned[];
  sender: string;
  subject: string;
  messageId: string;
  date: number | null;
  fields: number;
}

export interface Facts {
  report: Report;
  /** What this server has found out itself; null when the message did not come in through it. */
  verdicts: Checked[] | null;
  unsubscribe: { oneClick: string; mailto: string; link: string };
  suspiciousLinks: { host: string; ascii: string; scripts: string[] }[];
}

export interface Meaning {
  text: string;
  source: string;
  /** Its own, that of the enhanced status code, and that code. */
  names?: string[];
}

export interface SaidLine {
  by: "us" | "peer";
  tls: boolean;
  text: string;
  meaning: Meaning | null;
}

export interface SaidEvent {
  event: "said";
  afterMs: number;
  lines: SaidLine[];
  left: number;
}

export interface FactEvent {
  event: "conn" | "tls" | "auth" | "accept" | "stamp" | "route" | "dns" | "decide" | "outcome" | "handle";
  afterMs: number;
  text: string;
  facts: Record<string, unknown>;
  meaning: Meaning | null;
}

export interface JourneyHop {
  kind: string;
  at: string;
  headline: string;
  peer: string;
  incoming: boolean;
  tls: boolean;
  ok: boolean | null;
  events: (SaidEvent | FactEvent)[];
}

export interface Journey {
  id: Id;
  whole: boolean;
  underWay: boolean;
  hops: JourneyHop[];
}

declare module "../../jmap/methods" {
  interface Methods {
    "HeaderReport/get": Method<{ emailId: Id }, Facts>;
    "HeaderReport/parse": Method<{ header: string }, { report: Report }>;
    "MailingList/leave": Method<{ emailId: Id }, { status: number; left: boolean }>;
    "Journey/get": Method<{ emailId: Id }, { list: Journey[] }>;
  }
}
