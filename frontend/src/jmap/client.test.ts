import { beforeAll, expect, it, vi } from "vitest";
import { JmapClient, MethodError, RequestFailed, SomebodyElse } from "./client";
import type { Session } from "./records";

beforeAll(() => vi.stubGlobal("location", new URL("http://127.0.0.1:2580/mail/")));

const session = {
  username: "bob@l.test", apiUrl: "http://elsewhere.test/jmap/api", state: "s", downloadUrl: "http://127.0.0.1/jmap/download/{accountId}/{blobId}/{name}?type={type}",
  capabilities: { "urn:ietf:params:jmap:core": { maxCallsInRequest: 3, maxConcurrentRequests: 3 }, "urn:ietf:params:jmap:mail": {} },
  accounts: { A1: {} }, primaryAccounts: { "urn:ietf:params:jmap:mail": "A1" },
} as unknown as Session;

type Call = [string, Record<string, unknown>, string];

async function client(answer: (calls: Call[]) => unknown[], status = 200) {
  const posts: { url: string; calls: Call[]; headers: Record<string, string> }[] = [];
  const made = new JmapClient(async (url, init) => {
    if (url === "/jmap/session") return Response.json(session);
    const calls = (JSON.parse(String(init.body)) as { methodCalls: Call[] }).methodCalls;
    posts.push({ url, calls, headers: init.headers as Record<string, string> });
    return Response.json({ methodResponses: answer(calls), sessionState: "s", detail: "no" }, { status });
  });
  await made.open();
  return { made, posts };
}

const empty = (calls: Call[]) => calls.map(([name, , id]) => [name, { list: [] }, id]);

it("sends all calls of a moment in one request, to our own server, with the header of our own page", async () => {
  const { made, posts } = await client(empty);
  const query = made.call("Email/query", { limit: 3 });
  await Promise.all([query, made.call("Email/get", { "#ids": query.at("/ids") })]);
  expect(posts).toHaveLength(1);
  const [first, second] = posts[0]!.calls;
  expect(second![1]["#ids"]).toEqual({ resultOf: first![2], name: "Email/query", path: "/ids" });
  expect(first![1]["accountId"]).toBe("A1");
  expect([posts[0]!.url, posts[0]!.headers["x-postroom"]]).toEqual(["/jmap/api", "1"]);
});

it("splits what is more than the server takes", async () => {
  const { made, posts } = await client(empty);
  await Promise.all(Array.from({ length: 7 }, () => made.call("Mailbox/get", {})));
  expect(posts.map((post) => post.calls.length)).toEqual([3, 3, 1]);
});

it("fails the call that has failed, and no other", async () => {
  const { made } = await client((calls) => calls.map(([name, , id], index) => (index ? [name, { list: [] }, id] : ["error", { type: "invalidArguments" }, id])));
  const [bad, good] = await Promise.allSettled([made.call("Email/query", {}), made.call("Mailbox/get", {})]);
  expect(bad).toMatchObject({ status: "rejected", reason: new MethodError("invalidArguments", "", "Email/query") });
  expect(good.status).toBe("fulfilled");
});

it("tells when the session is over", async () => {
  const { made } = await client(empty, 401);
  const over = vi.fn();
  made.onSignedOut = over;
  await expect(made.call("Mailbox/get", {})).rejects.toEqual(new RequestFailed(401, "no"));
  expect(over).toHaveBeenCalledOnce();
});

it("does not go on for somebody else", async () => {
  let username = "bob@l.test";
  const made = new JmapClient(async () => Response.json({ ...session, username }));
  await made.open();
  await made.open();
  username = "carol@l.test";
  await expect(made.open()).rejects.toBeInstanceOf(SomebodyElse);
  expect(made.session?.username).toBe("bob@l.test");
});

it("writes names into download addresses so that they stay names", async () => {
  const { made } = await client(empty);
  expect(made.downloadUrl("B1", "a/b ?.pdf", "text/plain")).toBe("/jmap/download/A1/B1/a%2Fb%20%3F.pdf?type=text%2Fplain");
});

it("has no more requests in the air than the server hears, and waits while others are heard", async () => {
  let now = 0;
  let most = 0;
  let refusals = 2;
  const { made } = await client(empty);
  const api = new JmapClient(async (url, init) => {
    if (url === "/jmap/session") return Response.json(session);
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    if (refusals-- > 0) return Response.json({ type: "urn:ietf:params:jmap:error:limit", limit: "maxConcurrentRequests" }, { status: 400 });
    const calls = (JSON.parse(String(init.body)) as { methodCalls: Call[] }).methodCalls;
    return Response.json({ methodResponses: empty(calls), sessionState: "s" });
  });
  await api.open();
  await Promise.all(Array.from({ length: 12 }, () => api.call("Mailbox/get", {})));
  expect(most).toBe(2);
  expect(made.can("urn:ietf:params:jmap:mail")).toBe(true);
});

it("keeps calls that refer to each other in one request", async () => {
  const { made, posts } = await client(empty);
  const pair = () => {
    const query = made.call("Email/query", {});
    return [query, made.call("Email/get", { "#ids": query.at("/ids") })];
  };
  await Promise.all([...pair(), ...pair(), made.call("Mailbox/get", {})]);
  expect(posts.map((post) => post.calls.map(([name]) => name))).toEqual([["Email/query", "Email/get"], ["Email/query", "Email/get", "Mailbox/get"]]);
});

it("answers from what was kept when the server is not reached, and says in words what cannot be done", async () => {
  let away = false;
  const { made } = await client((calls) => {
    if (away) throw new TypeError("Failed to fetch");
    return empty(calls);
  });
  const known = new Map<string, unknown>();
  const reached: boolean[] = [];
  made.keeper = {
    reached: (on) => void reached.push(on),
    answered: (calls, answers) => calls.forEach((call) => known.set(call.name, answers.get(call.callId))),
    answer: async (calls) => new Map(calls.filter((call) => known.has(call.name)).map((call) => [call.callId, known.get(call.name)])),
  };
  made.unreachable = (reading) => (reading ? "never read" : "not now");
  await made.call("Email/get", { ids: ["M1"] });
  away = true;
  await expect(made.call("Email/get", { ids: ["M1"] })).resolves.toEqual({ list: [] });
  await expect(made.call("Email/set", { destroy: ["M1"] })).rejects.toThrow("not now");
  await expect(made.call("Thread/get", { ids: ["T1"] })).rejects.toThrow("never read");
  expect([reached[0], reached.at(-1)]).toEqual([true, false]);
});

it("takes an answer that breaks off for none: what it was about may have been done", async () => {
  const reached: boolean[] = [];
  const broken = new JmapClient(async () => {
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(new TextEncoder().encode('{"methodResponses":['));
        stream.error(new TypeError("network error"));
      },
    });
    return new Response(body);
  });
  broken.keeper = { reached: (on) => void reached.push(on), answered: () => {}, answer: async () => new Map() };
  broken.unreachable = () => "not now";
  await expect(broken.call("Email/set", {})).rejects.toEqual(new RequestFailed(0, "not now"));
  await expect(broken.open()).rejects.toMatchObject({ status: 0 });
  expect(reached.at(-1)).toBe(false);
});

it("does not wait for ever on a connection that is dead, but for an answer that is long", async () => {
  vi.useFakeTimers();
  const dead = new JmapClient((_, init) => new Promise((_resolve, reject) => init.signal!.addEventListener("abort", () => reject(init.signal!.reason))));
  const failed = expect(dead.call("Mailbox/get", {})).rejects.toMatchObject({ status: 0 });
  await vi.advanceTimersByTimeAsync(120_000);
  await failed;
  const slow = new JmapClient(async (_, init) => {
    const body = new ReadableStream({
      async start(stream) {
        await new Promise((resolve) => setTimeout(resolve, 600_000));
        init.signal!.throwIfAborted();
        stream.enqueue(new TextEncoder().encode(JSON.stringify({ methodResponses: [["Mailbox/get", { list: [] }, "c0"]], sessionState: "s" })));
        stream.close();
      },
    });
    return new Response(body);
  });
  const answered = slow.call("Mailbox/get", {});
  await vi.advanceTimersByTimeAsync(600_000);
  await expect(answered).resolves.toEqual({ list: [] });
  vi.useRealTimers();
});
