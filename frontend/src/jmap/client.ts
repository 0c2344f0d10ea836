// JMAP over HTTP: all calls of one moment leave in one POST, and may refer to each other's results. RFC 8620 §3.
// Not here: push (push.ts), what is done with answers (state/).
import type { AnswerOf, ArgumentsOf, MethodName, ResultReference } from "./methods";
import type { Id, Session } from "./records";

/** Every request of a page of ours has it; no form and no foreign page can send it. */
export const OWN_PAGE = { "x-postroom": "1" };
const SESSION_URL = "/jmap/session";
const AGAIN_MS = [50, 100, 200, 400, 800];
const PATIENCE_MS = 120_000; // until an answer begins: a connection may be dead, and nobody says so

export class MethodError extends Error {
  constructor(
    readonly type: string,
    readonly description: string,
    readonly method: string,
  ) {
    super(`${method}: ${type}${description ? ` (${description})` : ""}`);
  }
}

/** The server has answered with a status of HTTP's; 0 when it was not reached. */
export class RequestFailed extends Error {
  constructor(
    readonly status: number,
    words: string,
  ) {
    super(words);
  }
}

/** Somebody else is signed in than the page was made for: nothing of it may go on. */
export class SomebodyElse extends Error {}

/** A call on its way: a promise of its answer, and what later calls of the same moment refer to it by. */
export interface Pending<N extends MethodName> extends Promise<AnswerOf<N>> {
  at(path: string): ResultReference;
}

interface Waiting {
  name: string;
  args: Record<string, unknown>;
  callId: string;
  resolve: (answer: never) => void;
  reject: (error: unknown) => void;
}

/** Keeps answers, and gives them again when the server cannot be reached (offline/). */
export interface Keeper {
  reached(on: boolean): void;
  answered(calls: readonly KeptCall[], answers: ReadonlyMap<string, unknown>): void;
  answer(calls: readonly KeptCall[]): Promise<ReadonlyMap<string, unknown>>;
}

type KeptCall = Pick<Waiting, "name" | "args" | "callId">;

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class JmapClient {
  session: Session | null = null;
  accountId: Id = "";
  /** Told when the session is over, and when the server's session object has changed. */
  onSignedOut: () => void = () => {};
  onSessionChanged: () => void = () => {};
  keeper: Keeper | null = null;
  /** The words for what cannot be done without a connection. */
  unreachable: (reading: boolean) => string = () => "";
  private waiting: Waiting[] = [];
  private queue: Waiting[][] = [];
  private busy = 0;
  private calls = 0;

  constructor(private readonly fetch: Fetch = (url, init) => globalThis.fetch(url, init)) {}

  /** Asks who is signed in; raises RequestFailed 401 when nobody is, SomebodyElse where it was another before. */
  async open(): Promise<Session> {
    const response = await this.reach(SESSION_URL, { headers: OWN_PAGE });
    if (!response.ok) throw new RequestFailed(response.status, response.statusText);
    const session = await this.read<Session>(response);
    if (this.session && this.session.username !== session.username) throw new SomebodyElse();
    return this.take(session);
  }

  /** Speaks as this session says from now on. */
  take(session: Session): Session {
    this.session = session;
    this.accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"] ?? Object.keys(session.accounts)[0] ?? "";
    return session;
  }

  /** Whether the server can do what a capability (a URI) stands for. */
  can(capability: string): boolean {
    return this.session !== null && capability in this.session.capabilities;
  }

  call<N extends MethodName>(name: N, args: ArgumentsOf<N>): Pending<N> {
    const callId = `c${this.calls++}`;
    const promise = new Promise<AnswerOf<N>>((resolve, reject) => {
      if (!this.waiting.length) queueMicrotask(() => this.flush());
      this.waiting.push({ name, args: { accountId: this.accountId, ...args }, callId, resolve, reject });
    });
    return Object.assign(promise, { at: (path: string) => ({ resultOf: callId, name, path }) });
  }

  /** Keeps an answer that other calls have brought up to date, as if it had been asked for now. */
  remember<N extends MethodName>(name: N, args: ArgumentsOf<N>, answer: AnswerOf<N>): void {
    this.keeper?.answered([{ name, args: { accountId: this.accountId, ...args }, callId: "" }], new Map([["", answer]]));
  }

  /** Where a blob is downloaded from. */
  downloadUrl(blobId: Id, name: string, type: string): string {
    return this.filled(this.session?.downloadUrl ?? "", { blobId, name, type });
  }

  /** Where all that is attached to an email is downloaded from as one file; "" where the server has no such thing. */
  attachmentsUrl(emailId: Id, name: string): string {
    const template = this.session?.capabilities["urn:postroom:params:jmap:webmail"]?.["attachmentsUrl"];
    return typeof template === "string" ? this.filled(template, { emailId, name }) : "";
  }

  private filled(template: string, values: Record<string, string>): string {
    const parts: Record<string, string> = { accountId: this.accountId, ...values };
    const url = new URL(template.replace(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(parts[part] ?? "")), location.href);
    return url.pathname + url.search;
  }

  private flush(): void {
    this.queue.push(...packed(this.waiting, this.limit("maxCallsInRequest", 16)));
    this.waiting = [];
    this.next();
  }

  // One request less than the server hears at a time, so that another window has room, too.
  private next(): void {
    while (this.queue.length && this.busy < Math.max(1, this.limit("maxConcurrentRequests", 4) - 1)) {
      this.busy++;
      void this.post(this.queue.shift() ?? []).finally(() => {
        this.busy--;
        this.next();
      });
    }
  }

  private limit(name: string, otherwise: number): number {
    return Number(this.session?.capabilities["urn:ietf:params:jmap:core"]?.[name] ?? otherwise);
  }

  private async post(calls: Waiting[]): Promise<void> {
    try {
      const body = {
        using: Object.keys(this.session?.capabilities ?? {}),
        methodCalls: calls.map((call) => [call.name, call.args, call.callId]),
      };
      const response = await this.patiently(apiPath(this.session), {
        method: "POST",
        headers: { ...OWN_PAGE, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (response.status === 401) this.onSignedOut();
      if (!response.ok) throw new RequestFailed(response.status, await problem(response));
      this.settle(calls, await this.read<ApiResponse>(response));
    } catch (error) {
      await this.withoutServer(calls, error);
    }
  }

  // What was answered before is answered again; the rest cannot be done.
  private async withoutServer(calls: Waiting[], error: unknown): Promise<void> {
    const away = error instanceof RequestFailed && error.status === 0;
    const known = away ? await this.keeper?.answer(calls) : undefined;
    for (const call of calls) {
      if (known?.has(call.callId)) call.resolve(known.get(call.callId) as never);
      else call.reject(away ? new RequestFailed(0, this.unreachable(!call.name.endsWith("/set")) || String(error)) : error);
    }
  }

  private settle(calls: Waiting[], response: ApiResponse): void {
    const told = new Map<string, [string, Record<string, unknown>]>();
    for (const [name, answer, callId] of response.methodResponses) {
      if (!told.has(callId)) told.set(callId, [name, answer]); // what follows with the same id was done implicitly (RFC 8620 §5.4)
    }
    for (const call of calls) {
      const [name, answer] = told.get(call.callId) ?? ["error", { type: "serverFail" }];
      if (name === "error") call.reject(new MethodError(String(answer["type"]), String(answer["description"] ?? ""), call.name));
      else call.resolve(answer as never);
    }
    this.keeper?.answered(calls, new Map([...told].filter(([, [name]]) => name !== "error").map(([id, [, answer]]) => [id, answer])));
    if (this.session && response.sessionState !== this.session.state) this.onSessionChanged();
  }

  // Other windows of the same account may keep the server busy: then it is asked again.
  private async patiently(url: string, init: RequestInit): Promise<Response> {
    for (const wait of AGAIN_MS) {
      const response = await this.reach(url, init);
      if (response.status !== 400 || !(await isTooMany(response.clone()))) return response;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    return this.reach(url, init);
  }

  // An answer that breaks off says nothing of what was done: it is as if the server had not been reached.
  private async read<T>(response: Response): Promise<T> {
    try {
      return (await response.json()) as T;
    } catch (error) {
      this.keeper?.reached(false);
      throw new RequestFailed(0, String(error));
    }
  }

  private async reach(url: string, init: RequestInit): Promise<Response> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      const response = await this.fetch(url, { ...init, credentials: "same-origin", cache: "no-store", signal: patience.signal });
      this.keeper?.reached(true);
      return response;
    } catch (error) {
      this.keeper?.reached(false);
      throw new RequestFailed(0, String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Calls in requests of at most so many; those that refer to each other stay together (more than `most` of them the server refuses). */
function packed(calls: readonly Waiting[], most: number): Waiting[][] {
  const clusters: Waiting[][] = [];
  const home = new Map<string, Waiting[]>();
  for (const call of calls) {
    const meant = Object.values(call.args).map((value) => home.get((value as { resultOf?: string } | null)?.resultOf ?? ""));
    let cluster = meant.find((one) => one !== undefined);
    if (!cluster) clusters.push((cluster = []));
    cluster.push(call);
    home.set(call.callId, cluster);
  }
  const requests: Waiting[][] = [];
  for (const cluster of clusters) {
    const last = requests.at(-1);
    if (last && last.length + cluster.length <= most) last.push(...cluster);
    else requests.push([...cluster]);
  }
  return requests;
}

interface ApiResponse {
  methodResponses: [string, Record<string, unknown>, string][];
  sessionState: string;
}

// Only the path counts: a proxy in front may have another name than the server knows.
function apiPath(session: Session | null): string {
  return session ? new URL(session.apiUrl, location.href).pathname : "/jmap/api";
}

async function isTooMany(response: Response): Promise<boolean> {
  try {
    return ((await response.json()) as { limit?: string }).limit === "maxConcurrentRequests";
  } catch {
    return false;
  }
}

async function problem(response: Response): Promise<string> {
  try {
    const told = (await response.json()) as { detail?: string; type?: string };
    return told.detail ?? told.type ?? response.statusText;
  } catch {
    return response.statusText;
  }
}

export const jmap = new JmapClient();
