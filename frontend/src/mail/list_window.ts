// What is known of a long list: ids by position, with holes, and without those that will be gone. Pure; RFC 8620 §5.5 (windows of a query), §5.6 (what has changed in it).
// Not here: where the answers come from (state/list.ts), what a row shows.
import type { QueryAnswer, QueryChangesAnswer } from "../jmap/methods";
import type { Id } from "../jmap/records";

export const CHUNK = 30;

export class ListWindow {
  queryState = ""; // "": what is known, if anything, is outdated
  private whole = 0; // as the server counts
  private ids = new Map<number, Id>(); // by the server's positions
  private places = new Map<Id, number>();
  private hidden = new Set<Id>(); // of those that are known
  private gaps: number[] = []; // where they are, in order

  get total(): number {
    return this.whole - this.gaps.length;
  }

  at(position: number): Id | undefined {
    return this.ids.get(this.onServer(position));
  }

  placeOf(id: Id): number | undefined {
    const place = this.places.get(id);
    return place === undefined || this.hidden.has(id) ? undefined : place - until(this.gaps, (gap) => gap < place);
  }

  /** Whether it was taken out before the server has said so. */
  isLeaving(id: Id): boolean {
    return this.hidden.has(id);
  }

  known(): Id[] {
    return [...this.places.keys()].filter((id) => !this.hidden.has(id));
  }

  /** The server's positions of the chunks that have to be fetched before [first, end) can be shown as it is. `has` says whether a row is at hand. */
  missing(first: number, end: number, has: (id: Id) => boolean): number[] {
    const chunks: number[] = [];
    const from = this.onServer(first);
    const wanted = end > first ? this.onServer(end - 1) + 1 : from;
    const last = this.queryState ? Math.min(wanted, this.whole) : Math.max(wanted, 1);
    for (let at = from - (from % CHUNK); at < last; at += CHUNK) {
      for (let one = at; one < Math.min(at + CHUNK, last); one++) {
        const id = this.ids.get(one);
        if (!this.queryState || id === undefined || !has(id)) {
          chunks.push(at);
          break;
        }
      }
    }
    return chunks;
  }

  /** Whether a part of the list fits to what is known: it is of the same state, or nothing is known that is not outdated. */
  takes(answer: QueryAnswer): boolean {
    return !this.queryState || answer.queryState === this.queryState;
  }

  /** Takes a part of the list; one of another state makes all others void. */
  fill(answer: QueryAnswer): void {
    if (answer.queryState !== this.queryState) this.clear();
    this.queryState = answer.queryState;
    if (answer.total !== undefined) this.whole = answer.total;
    answer.ids.forEach((id, index) => this.put(answer.position + index, id));
  }

  /** The last id that is known before the first hole behind `position`: up to there changes are asked for. */
  lastKnown(): Id | undefined {
    let last = -1;
    for (const [place, id] of this.ids) if (place > last && !this.hidden.has(id)) last = place;
    return this.ids.get(last);
  }

  /** Takes what has changed. False when that cannot be told from what is known: then that is outdated. */
  apply(changes: QueryChangesAnswer): boolean {
    if (changes.oldQueryState !== this.queryState || !this.isWhole(changes)) {
      this.outdate();
      return false;
    }
    this.rearrange(new Set(changes.removed), [...changes.added].sort((a, b) => a.index - b.index));
    this.queryState = changes.newQueryState;
    if (changes.total !== undefined) this.whole = changes.total;
    return true;
  }

  /** Takes rows out before the server has said so: it goes on counting them. */
  without(ids: readonly Id[]): void {
    for (const id of ids) if (this.places.has(id)) this.hidden.add(id);
    this.findGaps();
  }

  /** Everything must be fetched; until it is there, what is known is shown. */
  outdate(): void {
    this.queryState = "";
  }

  clear(): void {
    this.ids.clear();
    this.places.clear();
    this.hidden.clear();
    this.gaps = [];
    this.queryState = "";
  }

  private onServer(position: number): number {
    return position + until(this.gaps, (gap, before) => gap - before <= position);
  }

  private findGaps(): void {
    this.gaps = [...this.hidden].map((id) => this.places.get(id) ?? 0).sort((one, other) => one - other);
  }

  // A removed id may be one that was never there: the server names what has changed, new ones included (RFC 8620 §5.6). Whether one of
  // those whose place is unknown has really gone, and moved all behind it, is told by the totals.
  private isWhole(changes: QueryChangesAnswer): boolean {
    const known = changes.removed.filter((id) => this.places.has(id)).length;
    if (known === changes.removed.length) return true;
    return changes.total === this.whole - known + changes.added.length;
  }

  private put(position: number, id: Id): void {
    const before = this.ids.get(position);
    if (before !== undefined) this.places.delete(before);
    this.ids.set(position, id);
    this.places.set(id, position);
  }

  // In one pass, since thousands may go or come. `added` is in the order of its places.
  private rearrange(removed: ReadonlySet<Id>, added: readonly { id: Id; index: number }[]): void {
    const gone = new Set([...removed, ...added.map((one) => one.id)]);
    const before = [...this.ids].sort(([one], [other]) => one - other);
    this.ids.clear();
    this.places.clear();
    let out = 0;
    let come = 0;
    for (const [place, id] of before) {
      if (gone.has(id)) {
        out++;
        continue;
      }
      while ((added[come]?.index ?? Infinity) <= place - out + come) come++;
      this.put(place - out + come, id);
    }
    for (const { id, index } of added) this.put(index, id);
    for (const id of gone) this.hidden.delete(id);
    this.findGaps();
  }
}

/** How many at the beginning of a list fit; behind the first that does not, none does. */
function until(list: readonly number[], fits: (one: number, at: number) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(list[middle] ?? 0, middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
