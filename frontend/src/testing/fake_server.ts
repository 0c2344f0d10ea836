// A server as the tests of `state/` need it: each method is a function of its arguments; one that is not there gives an empty list.
import { vi } from "vitest";
import { jmap } from "../jmap/client";
import type { Session } from "../jmap/records";

type Arguments = Record<string, unknown>;
export type Answering = Record<string, (args: Arguments) => object>;
export type Asked = [name: string, args: Arguments];

const EMPTY = { state: "1", list: [], notFound: [], created: [], updated: [], destroyed: [], removed: [], added: [], newState: "1" };

const session = {
  username: "bob@l.test", apiUrl: "/jmap/api", state: "s", capabilities: {}, accounts: { A1: {} },
  primaryAccounts: { "urn:ietf:params:jmap:mail": "A1" },
} as unknown as Session;

/** Answers from now on; gives what is asked. A method that throws `{ type }` has failed with that. */
export function answerWith(methods: Answering): Asked[] {
  const asked: Asked[] = [];
  jmap.take(session);
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    const calls = (JSON.parse(String(init.body)) as { methodCalls: [string, Arguments, string][] }).methodCalls;
    asked.push(...calls.map(([name, args]): Asked => [name, args]));
    return Response.json({ methodResponses: calls.map(([name, args, id]) => answered(methods, name, args, id)), sessionState: "s" });
  });
  return asked;
}

function answered(methods: Answering, name: string, args: Arguments, id: string): [string, object, string] {
  try {
    return [name, methods[name]?.(args) ?? EMPTY, id];
  } catch (error) {
    return ["error", { type: String((error as { type?: string }).type) }, id];
  }
}

/** What the modules look for in a browser's window when they are loaded. */
export function stubBrowser(): void {
  vi.stubGlobal("location", new URL("http://127.0.0.1:2580/mail/"));
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  const kept = new Map<string, string>();
  const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) };
  vi.stubGlobal("localStorage", { ...storage, removeItem: (name: string) => void kept.delete(name) });
}
