// Which contacts the list shows: all, those of an address book, of a group, or the groups.
import { signal } from "@preact/signals";
import type { Id } from "../../jmap/records";
import { isGroup } from "./cards";
import type { Card } from "./records";

/** "", "groups", "book ID" or "group ID". */
export const which = signal("");

export function shownOf(all: readonly Card[], wanted: string, known: ReadonlyMap<Id, Card> | null): readonly Card[] {
  const [kind, id = ""] = wanted.split(" ");
  if (kind === "groups") return all.filter(isGroup);
  if (kind === "book") return all.filter((one) => id in one.addressBookIds);
  const members = kind === "group" ? known?.get(id)?.members : undefined;
  return members ? all.filter((one) => one.uid in members) : all;
}
