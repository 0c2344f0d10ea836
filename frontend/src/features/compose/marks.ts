// Which messages were marked as answered by a letter that waits for its time: calling that back takes the mark off again, in any browser of the account.
import type { Id } from "../../jmap/records";
import { prefer, preference } from "../../state/preferences";
import type { Draft } from "./draft";

const PART = "scheduled";

type Marks = Record<Id, NonNullable<Draft["original"]>>; // by submission

/** What a submission has marked, as far as that is known. */
export function markOf(submissionId: Id): Draft["original"] {
  return preference<Marks>(PART, {})[submissionId] ?? null;
}

/** Remembers one, and forgets those that wait no more. */
export async function keepMark(submissionId: Id, original: NonNullable<Draft["original"]>, waiting: readonly Id[]): Promise<void> {
  const still = Object.entries(preference<Marks>(PART, {})).filter(([id]) => waiting.includes(id));
  await prefer(PART, { ...Object.fromEntries(still), [submissionId]: original });
}
