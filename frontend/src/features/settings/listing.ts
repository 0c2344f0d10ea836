// The objects of a type of which there are few: fetched, and fetched anew after each change.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { SetAnswer, SetError } from "../../jmap/methods";
import type { Id } from "../../jmap/records";
import { problem, toast } from "../../state/toasts";
import { Unconfirmed, confirmed } from "./confirming";
import type { AppPassword, Browser, Codes, Grant, Identity, Passkey, Quota } from "./methods";

interface Kinds {
  AppPassword: AppPassword;
  BrowserSession: Browser;
  Grant: Grant;
  Passkey: Passkey;
  OneTimeCodes: Codes;
  Identity: Identity;
  Quota: Quota;
}

interface Listing<T> {
  /** null: not there yet. */
  rows: readonly T[] | null;
  reload: () => Promise<void>;
}

/** Counts what changes more than its own list: a new password ends browsers. */
export const elsewhere = signal(0);

export function useListing<K extends keyof Kinds>(kind: K): Listing<Kinds[K]> {
  const [rows, setRows] = useState<readonly Kinds[K][] | null>(null);
  const reload = async () => {
    const answer = await jmap.call(`${kind}/get` as "AppPassword/get", { ids: null });
    setRows(answer.list as unknown as readonly Kinds[K][]);
  };
  useEffect(() => void reload().catch(problem), [elsewhere.value]);
  return { rows, reload };
}

/** The server says why not: something to be told, and no fault. */
export class Refused extends Error {}

type Settable = Exclude<keyof Kinds, "Quota">;

/** One change of one object; gives what the server says of it. Raises an Error with its words. */
export async function change(kind: Settable, args: { create?: object; update?: [Id, object]; destroy?: Id }): Promise<Record<string, unknown>> {
  const answer = await confirmed(() =>
    jmap.call(`${kind}/set` as "AppPassword/set", {
      ...(args.create && { create: { new: args.create as Record<string, unknown> } }),
      ...(args.update && { update: { [args.update[0]]: args.update[1] as Record<string, unknown> } }),
      ...(args.destroy !== undefined && { destroy: [args.destroy] }),
    }),
  );
  const wrong = refusal(answer);
  if (wrong) throw new Refused(wrong.description ?? wrong.type);
  return answer.created?.["new"] ?? Object.values(answer.updated ?? {})[0] ?? {};
}

function refusal(answer: SetAnswer): SetError | undefined {
  return [answer.notCreated, answer.notUpdated, answer.notDestroyed].flatMap((one) => Object.values(one ?? {}))[0];
}

/** Does something, says that it is done, or why not; gives whether it is. */
export async function doing(work: () => Promise<unknown>, said = ""): Promise<boolean> {
  try {
    await work();
    if (said) toast(t(said));
    return true;
  } catch (error) {
    if (error instanceof Refused) toast(error.message, { kind: "problem" });
    else if (!(error instanceof Unconfirmed)) problem(error);
    return false;
  }
}
