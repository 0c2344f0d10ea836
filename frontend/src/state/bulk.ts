// Changes of all that a list matches, which the server makes by itself (`BulkChange`): what runs, how far it is, and the way back.
import { signal } from "@preact/signals";
import { t } from "../i18n/words";
import { jmap } from "../jmap/client";
import type { Filter, SetAnswer } from "../jmap/methods";
import type { Id } from "../jmap/records";
import { advance } from "../mail/advance";
import { source } from "./list";
import { mailboxes, mailboxName, roleId } from "./mailboxes";
import { everything, marked } from "./selection";
import { toast } from "./toasts";
import { done } from "./undo";

export interface BulkChange {
  id: Id;
  name: string;
  state: "running" | "done" | "stopped" | "failed" | "undoing" | "undone";
  total: number;
  done: number;
  changed: number;
  problem: string | null;
  createdAt: string;
  undoableUntil: string | null;
}

declare module "../jmap/methods" {
  interface Methods {
    "BulkChange/get": Method<GetArguments, GetAnswer<BulkChange>>;
    "BulkChange/set": Method<SetArguments, SetAnswer>;
  }
}

export interface Wish {
  moveTo?: Id;
  keywords?: Record<string, boolean>;
  destroy?: boolean;
}

/** All that the server remembers, the newest first. */
export const bulkChanges = signal<readonly BulkChange[]>([]);
let state = "";
let newest = ""; // that was told
let looking = false;
const REST_MS = 1000; // between two looks
const mine = new Set<Id>(); // begun in this window: of these it tells the end
const taking = new Set<Id>(); // being taken back by this window, which has not said so yet

export const isWorking = (one: BulkChange): boolean => one.state === "running" || one.state === "undoing";

/** Has the server do it to everything that the list matches. `kind` names it: the string `bulk.name.kind`. */
export async function changeAll(kind: string, wish: Wish): Promise<void> {
  const shown = source.peek();
  if (!shown) return;
  const where = wish.moveTo ? mailboxes.peek().get(wish.moveTo) : undefined;
  const name = t(`bulk.name.${kind}`, { where: where ? mailboxName(where) : "", list: shown.title });
  const from = wish.moveTo && shown.mailboxId ? { moveFrom: shown.mailboxId } : {};
  const answer = await jmap.call("BulkChange/set", { create: { made: { name, filter: filterOf(shown.filter, wish, shown.mailboxId), ...wish, ...from } } });
  advance([...marked.peek()]);
  await followBegun(answer);
}

/** Shows how far it is with what was created as `made`. */
export async function followBegun(answer: SetAnswer): Promise<void> {
  const wrong = answer.notCreated?.["made"];
  const id = answer.created?.["made"]?.id;
  if (wrong || !id) throw new Error(wrong?.description ?? wrong?.type ?? t("bulk.failed"));
  mine.add(id);
  await loadBulkChanges();
}

// What is moved in a search is not what lies there already, nor, unless it was looked for, in the trash and among spam.
function filterOf(filter: Filter, wish: Wish, mailboxId: Id | undefined): Filter {
  if (!wish.moveTo || mailboxId) return filter;
  const trash = roleId("trash");
  const without = [wish.moveTo, ...(trash && !JSON.stringify(filter).includes(`"${trash}"`) ? [trash] : [])];
  return { operator: "AND", conditions: [filter, { inMailboxOtherThan: without }] };
}

/** How many emails the list matches, not conversations. */
export async function countAll(): Promise<number> {
  const answer = await jmap.call("Email/query", { filter: source.peek()?.filter ?? {}, collapseThreads: false, limit: 0, calculateTotal: true });
  return answer.total ?? 0;
}

export function meanEverything(total: number): void {
  everything.value = total;
}

export async function loadBulkChanges(): Promise<void> {
  const answer = await jmap.call("BulkChange/get", { ids: null });
  state = answer.state;
  const before = new Map(bulkChanges.peek().map((one) => [one.id, one]));
  bulkChanges.value = [...answer.list].reverse();
  for (const one of answer.list) if (!isWorking(one) && mine.has(one.id)) tellEnd(one, before.get(one.id));
}

/** Looks again when the server tells of another state, which it does after each part of the work. */
export async function followBulkChanges(told: string | undefined): Promise<void> {
  newest = told ?? state;
  if (looking) return;
  looking = true;
  try {
    for (let seen = state; newest !== seen && newest !== state; await rest()) {
      seen = newest;
      await loadBulkChanges();
    }
  } finally {
    looking = false;
  }
}

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, REST_MS));

function tellEnd(one: BulkChange, before: BulkChange | undefined): void {
  if (before && !isWorking(before)) return;
  const words = { name: one.name, count: one.changed, why: one.problem ?? "" };
  if (one.state === "undone") void (taking.delete(one.id) && toast(t("undo.undone", { what: one.name })));
  else if (one.state === "failed") toast(t("bulk.ended-failed", words), { kind: "problem" });
  else if (one.undoableUntil) done(t(`bulk.ended-${one.state}`, words), () => undoBulk(one.id, true));
  else toast(t(`bulk.ended-${one.state}`, words));
}

/** `told`: somebody else says that it is undone. */
export async function undoBulk(id: Id, told = false): Promise<void> {
  mine.add(id);
  if (!told) taking.add(id);
  await wish(id, "undone");
}

export function stopBulk(id: Id): Promise<void> {
  mine.add(id);
  return wish(id, "stopped");
}

async function wish(id: Id, wanted: "undone" | "stopped"): Promise<void> {
  const answer = await jmap.call("BulkChange/set", { update: { [id]: { state: wanted } } });
  const wrong = answer.notUpdated?.[id];
  if (wrong) throw new Error(wrong.description ?? wrong.type);
  await loadBulkChanges();
}
