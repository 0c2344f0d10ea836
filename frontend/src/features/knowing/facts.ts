// What is known of messages, fetched once each. Bounded.
import { jmap } from "../../jmap/client";
import type { Id } from "../../jmap/records";
import type { Facts } from "./records";

const MOST = 100;
const kept = new Map<Id, Promise<Facts>>();

export function factsOf(id: Id): Promise<Facts> {
  const known = kept.get(id) ?? jmap.call("HeaderReport/get", { emailId: id });
  kept.set(id, known);
  known.catch(() => kept.delete(id));
  for (const old of kept.keys()) {
    if (kept.size <= MOST) break;
    kept.delete(old);
  }
  return known;
}
