// The methods that the web mail calls, with their arguments and answers. RFC 8620 §5, RFC 8621.
// A feature adds its own by declaration merging:
//   declare module "../jmap/methods" { interface Methods { "Quota/get": Method<GetArguments, GetAnswer<Quota>> } }
import type { BodyPart, EmailBody, EmailRow, Id, Mailbox, Thread } from "./records";

export interface Method<A, R> {
  arguments: A;
  answer: R;
}

/** `#ids` in place of `ids`: where an earlier call of the same request has them (RFC 8620 §3.7). */
export interface ResultReference {
  resultOf: string;
  name: string;
  path: string;
}

type Refers<A> = { [K in keyof A as K extends string ? `#${K}` : never]?: ResultReference };

export interface GetArguments {
  ids?: Id[] | null;
  properties?: readonly string[];
}

export interface GetAnswer<T> {
  accountId: Id;
  state: string;
  list: T[];
  notFound: Id[];
}

export interface ChangesArguments {
  sinceState: string;
  maxChanges?: number;
}

export interface ChangesAnswer {
  oldState: string;
  newState: string;
  hasMoreChanges: boolean;
  created: Id[];
  updated: Id[];
  destroyed: Id[];
  updatedProperties?: string[] | null;
}

export type Patch = Record<string, unknown>;

export interface SetError {
  type: string;
  description?: string | null;
  properties?: string[];
}

export interface SetArguments {
  ifInState?: string;
  create?: Record<string, Patch>;
  update?: Record<Id, Patch>;
  destroy?: Id[];
}

export interface SetAnswer {
  oldState: string | null;
  newState: string;
  created: Record<string, { id: Id } & Patch> | null;
  updated: Record<Id, Patch | null> | null;
  destroyed: Id[] | null;
  notCreated: Record<string, SetError> | null;
  notUpdated: Record<Id, SetError> | null;
  notDestroyed: Record<Id, SetError> | null;
}

export interface Comparator {
  property: string;
  isAscending?: boolean;
  keyword?: string;
}

export type Filter = { operator: "AND" | "OR" | "NOT"; conditions: Filter[] } | Record<string, unknown>;

export interface QueryArguments {
  filter?: Filter | null;
  sort?: Comparator[];
  position?: number;
  anchor?: Id;
  anchorOffset?: number;
  limit?: number;
  calculateTotal?: boolean;
  collapseThreads?: boolean;
}

export interface QueryAnswer {
  queryState: string;
  canCalculateChanges: boolean;
  position: number;
  ids: Id[];
  total?: number;
  limit?: number;
}

interface QueryChangesArguments {
  filter?: Filter | null;
  sort?: Comparator[];
  sinceQueryState: string;
  maxChanges?: number;
  upToId?: Id;
  calculateTotal?: boolean;
  collapseThreads?: boolean;
}

export interface QueryChangesAnswer {
  oldQueryState: string;
  newQueryState: string;
  total?: number;
  removed: Id[];
  added: { id: Id; index: number }[];
}

interface EmailGetArguments extends GetArguments {
  bodyProperties?: readonly (keyof BodyPart)[];
  fetchTextBodyValues?: boolean;
  fetchHTMLBodyValues?: boolean;
  fetchAllBodyValues?: boolean;
  maxBodyValueBytes?: number;
}

export interface Methods {
  "Mailbox/get": Method<GetArguments, GetAnswer<Mailbox>>;
  "Mailbox/changes": Method<ChangesArguments, ChangesAnswer>;
  "Mailbox/query": Method<{ filter: { hasAnyRole: boolean } }, QueryAnswer>;
  "Mailbox/set": Method<SetArguments & { onDestroyRemoveEmails?: boolean }, SetAnswer>;
  "Thread/get": Method<GetArguments, GetAnswer<Thread>>;
  "Email/get": Method<EmailGetArguments, GetAnswer<EmailRow & EmailBody>>;
  "Email/changes": Method<ChangesArguments, ChangesAnswer>;
  "Email/set": Method<SetArguments, SetAnswer>;
  "Email/query": Method<QueryArguments, QueryAnswer>;
  "Email/queryChanges": Method<QueryChangesArguments, QueryChangesAnswer>;
}

export type MethodName = keyof Methods & string;
export type ArgumentsOf<N extends MethodName> = { accountId?: Id } & Methods[N]["arguments"] & Refers<Methods[N]["arguments"]>;
export type AnswerOf<N extends MethodName> = Methods[N]["answer"];
