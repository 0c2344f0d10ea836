// What an answer is kept under: the call as it was made. Pure. A reference to another call's result (RFC 8620 §3.7) counts as that call.

export interface Asked {
  name: string;
  args: Record<string, unknown>;
  callId: string;
}

/** Calls that only read, and whose answer is the same as long as nothing changes. */
export function isReading(name: string): boolean {
  return /\/(get|query|parse)$/.test(name);
}

/** The keys of the calls of one request, in their order. */
export function keysOf(calls: readonly Asked[]): string[] {
  const known = new Map<string, string>();
  return calls.map((call) => {
    const args = Object.entries(call.args).map(([name, value]) => [name, name.startsWith("#") ? referred(value, known) : value] as const);
    const key = `${call.name} ${JSON.stringify(args.sort(([one], [other]) => (one < other ? -1 : 1)))}`;
    known.set(call.callId, key);
    return key;
  });
}

function referred(value: unknown, known: ReadonlyMap<string, string>): unknown {
  const reference = value as { resultOf?: string; path?: string } | null;
  return [known.get(reference?.resultOf ?? "") ?? "", reference?.path];
}
