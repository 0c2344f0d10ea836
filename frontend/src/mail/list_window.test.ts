import { describe, expect, it } from "vitest";
import { CHUNK, ListWindow } from "./list_window";

const ids = (from: number, count: number) => Array.from({ length: count }, (_, index) => `E${from + index}`);
const answer = (position: number, count: number, total = 100_000, queryState = "1") => ({ queryState, canCalculateChanges: true, position, ids: ids(position, count), total });
const all = () => true;

function filled(total = 100_000): ListWindow {
  const window = new ListWindow();
  window.fill(answer(0, Math.min(CHUNK, total), total));
  return window;
}

describe("a list of 100,000", () => {
  it("asks for the first chunk when nothing is known", () => {
    expect(new ListWindow().missing(0, 10, all)).toEqual([0]);
  });

  it("asks for the chunks on the screen alone", () => {
    const window = filled();
    expect(window.missing(0, 12, all)).toEqual([]);
    expect(window.missing(25, 35, all)).toEqual([30]);
    expect(window.missing(50_005, 50_020, all)).toEqual([49_980, 50_010]);
  });

  it("asks again for rows that were forgotten", () => {
    expect(filled().missing(0, 12, (id) => id !== "E3")).toEqual([0]);
  });

  it("asks for nothing behind the end", () => {
    expect(filled(7).missing(0, 30, all)).toEqual([]);
  });
});

describe("changes", () => {
  const changes = (removed: string[], added: { id: string; index: number }[], total: number) => ({ oldQueryState: "1", newQueryState: "2", removed, added, total });

  it("puts new mail first and keeps the rest", () => {
    const window = filled();
    expect(window.apply(changes([], [{ id: "N", index: 0 }], 100_001))).toBe(true);
    expect([window.at(0), window.at(1), window.placeOf("E29"), window.total]).toEqual(["N", "E0", 30, 100_001]);
  });

  it("knows by the totals that what is new was nowhere before", () => {
    const window = filled();
    expect(window.apply(changes(["N"], [{ id: "N", index: 0 }], 100_001))).toBe(true);
    expect([window.at(0), window.at(1)]).toEqual(["N", "E0"]);
    expect(window.apply({ ...changes(["E500"], [{ id: "E500", index: 0 }], 100_001), oldQueryState: "2" })).toBe(false);
  });

  it("moves what has a new place", () => {
    const window = filled();
    expect(window.apply(changes(["E5"], [{ id: "E5", index: 0 }], 100_000))).toBe(true);
    expect([window.at(0), window.at(5), window.at(6)]).toEqual(["E5", "E4", "E6"]);
  });

  it("closes gaps", () => {
    const window = filled();
    window.apply(changes(["E0", "E2"], [], 99_998));
    expect([window.at(0), window.at(1), window.at(27), window.at(28)]).toEqual(["E1", "E3", "E29", undefined]);
  });

  it("forgets all when somebody went whose place is unknown", () => {
    const window = filled();
    expect(window.apply(changes(["E700"], [], 99_999))).toBe(false);
    expect(window.at(0)).toBeUndefined();
    expect(window.missing(0, 5, all)).toEqual([0]);
  });

  it("forgets all when the state is not the one that was known", () => {
    const window = filled();
    expect(window.apply({ ...changes([], [], 1), oldQueryState: "7" })).toBe(false);
  });

  it("drops old parts when a part of a newer state comes", () => {
    const window = filled();
    window.fill(answer(300, 30, 100_000, "2"));
    expect([window.at(0), window.at(300)]).toEqual([undefined, "E300"]);
  });

  it("takes rows out before the server says so", () => {
    const window = filled();
    window.without(["E0", "unknown"]);
    expect([window.at(0), window.total]).toEqual(["E1", 99_999]);
  });
});
