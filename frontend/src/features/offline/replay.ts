// What has waited is done, when there is a connection again. What others have done meanwhile stands: it is said what was left undone for that.
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { Patch } from "../../jmap/methods";
import { type EmailRow, type Id, ROW_PROPERTIES } from "../../jmap/records";
import { isNothing, patch, rebased } from "../../mail/changes";
import { forgetEverything, stays, waitingHere } from "../../offline/keeper";
import { type Pending, loadPending, pending, settled } from "../../offline/pending";
import { allWaiting } from "../../offline/store";
import { keepRows } from "../../state/emails";
import { listed, touchList } from "../../state/list";
import { catchUp } from "../../state/sync";
import { toast } from "../../state/toasts";

const AT_ONCE = 200;
const TRIES = 4; // while others change the account

/** Changes first, then what is to be sent. */
export async function replayAll(): Promise<void> {
  if (!stays() && !(await waitingHere())) return;
  await replay();
  if ((await allWaiting("outbox")).length) {
    const { sendAll } = await import("../compose/outbox");
    await sendAll();
  }
  if (!stays() && !(await waitingHere())) await forgetEverything();
}

/** One window does it, the others find nothing left. */
async function replay(): Promise<void> {
  const work = async () => {
    await loadPending();
    const all = [...pending.peek().values()];
    let undone = 0;
    for (let at = 0; at < all.length; at += AT_ONCE) undone += await make(all.slice(at, at + AT_ONCE));
    if (!all.length) return;
    await catchUp();
    if (undone) await lookAgain(all.map((one) => one.key));
    if (undone) toast(t("offline.stands", { count: undone }), { kind: "problem" });
    if (all.length > undone) toast(t("offline.made", { count: all.length - undone }));
  };
  await (navigator.locks ? navigator.locks.request("postroom-pending", work) : work());
}

// What was shown as if it had been made, and has not been.
async function lookAgain(ids: readonly Id[]): Promise<void> {
  for (let at = 0; at < ids.length; at += AT_ONCE) keepRows((await jmap.call("Email/get", { ids: ids.slice(at, at + AT_ONCE), properties: ROW_PROPERTIES })).list);
  listed.peek().window.clear();
  touchList();
}

// How many were not made.
async function make(all: readonly Pending[]): Promise<number> {
  for (let tries = TRIES; ; tries--) {
    const { list, state } = await jmap.call("Email/get", { ids: all.map((one) => one.key), properties: ["id", "keywords", "mailboxIds"] });
    const plan = planned(all, new Map(list.map((row) => [row.id, row])));
    try {
      const undone = plan.undone + (await tell(plan, tries > 1 ? state : undefined));
      await settled(all.map((one) => one.key));
      return undone;
    } catch (error) {
      if (tries <= 1 || (error as { type?: string }).type !== "stateMismatch") throw error;
    }
  }
}

interface Plan {
  update: Record<Id, Patch>;
  destroy: Id[];
  undone: number;
}

function planned(all: readonly Pending[], now: ReadonlyMap<Id, EmailRow>): Plan {
  const plan: Plan = { update: {}, destroy: [], undone: 0 };
  for (const { key, before, change, destroy } of all) {
    const row = now.get(key);
    if (!row) {
      if (!destroy) plan.undone++;
      continue;
    }
    const left = rebased(before, row, destroy ? { mailboxIds: Object.fromEntries(Object.keys(before.mailboxIds).map((id) => [id, false])) } : change);
    if (left.conflict) plan.undone++;
    if (destroy) {
      if (!left.conflict) plan.destroy.push(key);
    } else if (!isNothing(left.change)) plan.update[key] = patch(left.change);
  }
  return plan;
}

async function tell({ update, destroy }: Plan, state: string | undefined): Promise<number> {
  if (!Object.keys(update).length && !destroy.length) return 0;
  const answer = await jmap.call("Email/set", { update, destroy, ...(state === undefined ? {} : { ifInState: state }) });
  return Object.keys(answer.notUpdated ?? {}).length + Object.keys(answer.notDestroyed ?? {}).length;
}
