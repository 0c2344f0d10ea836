import { describe, expect, it } from "vitest";
import { growth } from "../testing/growth";
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

  it("asks for all anew when somebody went whose place is unknown", () => {
    const window = filled();
    expect(window.apply(changes(["E700"], [], 99_999))).toBe(false);
    expect(window.missing(0, 5, all)).toEqual([0]);
  });

  it("asks for all anew when the state is not the one that was known", () => {
    const window = filled();
    expect(window.apply({ ...changes([], [], 1), oldQueryState: "7" })).toBe(false);
    expect(window.missing(0, 5, all)).toEqual([0]);
  });

  it("shows what it knows until something newer is there", () => {
    const window = filled();
    window.without(["E1"]);
    window.outdate();
    expect([window.at(0), window.at(1), window.total, window.missing(0, 35, all)]).toEqual(["E0", "E2", 99_999, [0, 30]]);
    window.fill({ ...answer(0, 3, 3), ids: ["N", "E0", "E1"] });
    expect([window.at(0), window.at(2), window.at(3), window.total]).toEqual(["N", "E1", undefined, 3]);
    expect(window.missing(0, 3, all)).toEqual([]);
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

  it("knows what comes instead of rows that were taken out", () => {
    const window = filled();
    window.without(["E0", "E2"]);
    expect([window.at(27), window.at(28), window.placeOf("E29"), window.placeOf("E0")]).toEqual(["E29", undefined, 27, undefined]);
    expect(window.missing(0, 28, all)).toEqual([]);
    expect(window.missing(0, 30, all)).toEqual([30]); // not the first part again, which has no more
    window.fill(answer(30, 30));
    expect([window.at(28), window.at(57), window.total]).toEqual(["E30", "E59", 99_998]);
    expect(window.missing(0, 58, all)).toEqual([]);
  });

  it("shows a part that is fetched again without them", () => {
    const window = filled();
    window.without(["E0"]);
    window.fill(answer(0, 30));
    window.without(["E0"]);
    expect([window.at(0), window.at(28), window.total, window.known().length]).toEqual(["E1", "E29", 99_999, 29]);
  });

  it("counts them once when the server says so, too", () => {
    const window = filled();
    window.without(["E0", "E29"]);
    expect(window.lastKnown()).toBe("E28");
    expect(window.apply(changes(["E0"], [], 99_999))).toBe(true);
    expect([window.at(0), window.at(28), window.total]).toEqual(["E1", undefined, 99_998]);
  });

  it("shows what has come back", () => {
    const window = filled();
    window.without(["E0"]);
    expect(window.apply(changes(["E0"], [{ id: "E0", index: 1 }], 100_000))).toBe(true);
    expect([window.at(0), window.at(1), window.total]).toEqual(["E1", "E0", 100_000]);
  });

  it("puts several in at once", () => {
    const window = filled();
    window.apply(changes(["E1"], [{ id: "C", index: 3 }, { id: "A", index: 0 }, { id: "B", index: 1 }], 100_002));
    expect([0, 1, 2, 3, 4, 32].map((at) => window.at(at))).toEqual(["A", "B", "E0", "C", "E2", undefined]);
    expect(window.placeOf("E29")).toBe(31);
  });

  it("takes thousands out in a time that grows as they do", () => {
    const work = (size: number) => {
      const window = new ListWindow();
      window.fill(answer(0, size, size));
      return () => window.without(ids(0, size));
    };
    expect(growth(work, 400, 16)).toBeLessThan(80);
  });
});
