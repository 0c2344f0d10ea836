// What is known of a long list: ids by position, with holes. Pure; RFC 8620 §5.5 (windows of a query), §5.6 (what has changed in it).
// Not here: where the answers come from (state/list.ts), what a row shows.
import type { QueryAnswer, QueryChangesAnswer } from "../jmap/methods";
import type { Id } from "../jmap/records";

export const CHUNK = 30;

export class ListWindow {
  total = 0;
  queryState = "";
  private ids = new Map<number, Id>();
  private places = new Map<Id, number>();

  at(position: number): Id | undefined {
    return this.ids.get(position);
  }

  placeOf(id: Id): number | undefined {
    return this.places.get(id);
  }

  known(): Id[] {
    return [...this.places.keys()];
  }

  /** Positions of the chunks that have to be fetched before [first, end) can be shown. `has` says whether a row is at hand. */
  missing(first: number, end: number, has: (id: Id) => boolean): number[] {
    const chunks: number[] = [];
    const last = this.queryState ? Math.min(end, this.total) : Math.max(end, 1);
    for (let at = first - (first % CHUNK); at < last; at += CHUNK) {
      for (let one = at; one < Math.min(at + CHUNK, last); one++) {
        const id = this.ids.get(one);
        if (id === undefined || !has(id)) {
          chunks.push(at);
          break;
        }
      }
    }
    return chunks;
  }

  /** Takes a part of the list; one of a newer state makes all others void. */
  fill(answer: QueryAnswer): void {
    if (this.queryState && answer.queryState !== this.queryState) this.clear();
    this.queryState = answer.queryState;
    if (answer.total !== undefined) this.total = answer.total;
    answer.ids.forEach((id, index) => this.put(answer.position + index, id));
  }

  /** The last id that is known before the first hole behind `position`: up to there changes are asked for. */
  lastKnown(): Id | undefined {
    let last = -1;
    for (const place of this.ids.keys()) if (place > last) last = place;
    return this.ids.get(last);
  }

  /** Takes what has changed. False when that cannot be told from what is known: then the list is empty and must be fetched. */
  apply(changes: QueryChangesAnswer): boolean {
    if (changes.oldQueryState !== this.queryState || !this.isWhole(changes)) {
      this.clear();
      return false;
    }
    for (const id of changes.removed) this.cut(id);
    for (const { id, index } of [...changes.added].sort((a, b) => a.index - b.index)) this.insert(index, id);
    this.queryState = changes.newQueryState;
    if (changes.total !== undefined) this.total = changes.total;
    return true;
  }

  /** Takes rows out before the server has said so. */
  without(ids: readonly Id[]): void {
    for (const id of ids) if (this.cut(id)) this.total--;
  }

  clear(): void {
    this.ids.clear();
    this.places.clear();
    this.queryState = "";
  }

  // A removed id may be one that was never there: the server names what has changed, new ones included (RFC 8620 §5.6). Whether one of
  // those whose place is unknown has really gone, and moved all behind it, is told by the totals.
  private isWhole(changes: QueryChangesAnswer): boolean {
    const known = changes.removed.filter((id) => this.places.has(id)).length;
    if (known === changes.removed.length) return true;
    return changes.total === this.total - known + changes.added.length;
  }

  private put(position: number, id: Id): void {
    const before = this.ids.get(position);
    if (before !== undefined) this.places.delete(before);
    this.ids.set(position, id);
    this.places.set(id, position);
  }

  private cut(id: Id): boolean {
    const place = this.places.get(id);
    if (place === undefined) return false;
    this.places.delete(id);
    this.ids.delete(place);
    this.shift(place + 1, -1);
    return true;
  }

  private insert(position: number, id: Id): void {
    this.cut(id);
    this.shift(position, 1);
    this.put(position, id);
  }

  private shift(from: number, by: number): void {
    const moved = [...this.ids].filter(([place]) => place >= from);
    for (const [place] of moved) this.ids.delete(place);
    for (const [place, id] of moved) {
      this.ids.set(place + by, id);
      this.places.set(id, place + by);
    }
  }
}
