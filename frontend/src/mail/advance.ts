// Where one goes when what is open leaves the list: to the next conversation, else to the one before, else to the list alone.
import type { Id } from "../jmap/records";
import { peekRow } from "../state/emails";
import { listed, source } from "../state/list";
import { go } from "../state/route";
import { cursor, unmarkAll } from "../state/selection";
import { openThread, prefetch } from "../state/thread";

export function advance(leaving: readonly Id[]): void {
  unmarkAll();
  const open = openThread.peek();
  if (!open || !leaving.some((id) => peekRow(id)?.threadId === open.id)) return;
  const { window } = listed.peek();
  const place = Math.min(...leaving.map((id) => window.placeOf(id) ?? Infinity));
  const path = source.peek()?.path ?? "/";
  if (matchMedia("(max-width: 719px)").matches || !Number.isFinite(place)) return go(path, true);
  const stays = (at: number) => {
    const id = window.at(at);
    return id !== undefined && !leaving.includes(id) ? peekRow(id) : undefined;
  };
  for (const at of [place + leaving.length, place + 1, place - 1]) {
    const next = stays(at);
    if (!next) continue;
    cursor.value = at;
    return go(`${path}/${next.threadId}`, true);
  }
  go(path, true);
}

/** Opens the conversation so many rows further; the list follows. */
export function step(by: number): void {
  const { window } = listed.peek();
  const open = openThread.peek();
  const from = open ? Math.max(cursor.peek(), ...open.emailIds.map((id) => window.placeOf(id) ?? -1)) : cursor.peek();
  const at = Math.max(0, Math.min(window.total - 1, from + by));
  cursor.value = at;
  const id = window.at(at);
  const row = id === undefined ? undefined : peekRow(id);
  if (open && row) go(`${source.peek()?.path ?? ""}/${row.threadId}`, true);
  const next = peekRow(window.at(at + by) ?? "");
  if (open && next) prefetch(next.threadId);
}
