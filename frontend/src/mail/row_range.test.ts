import { describe, expect, it } from "vitest";
import { MOST_PIXELS, heightOf, rowsAt, scrollTo, linesNear } from "./row_range";

const geometry = { total: 100_000, rowHeight: 76, viewport: 760 };
const million = { ...geometry, total: 1_000_000 };

describe("rows on the screen", () => {
  it("begin and end with the list", () => {
    expect(rowsAt(0, geometry, 5)).toEqual({ first: 0, end: 15, offset: 0 });
    expect(rowsAt(heightOf(geometry) - 760, geometry, 5)).toMatchObject({ first: 99_985, end: 100_000 });
  });

  it("stand where the scrollbar says", () => {
    const { first, offset } = rowsAt(76 * 50_000, geometry, 0);
    expect([first, offset]).toEqual([50_000, 76 * 50_000]);
  });

  it("of a list that no browser can hold are still reached, to the last", () => {
    expect(heightOf(million)).toBe(MOST_PIXELS);
    expect(rowsAt(MOST_PIXELS - 760, million, 0)).toMatchObject({ first: 999_990, end: 1_000_000 });
    const { first, offset } = rowsAt(MOST_PIXELS / 2, million, 0);
    expect(Math.abs(first - 500_000)).toBeLessThan(50);
    expect(Math.abs(offset - MOST_PIXELS / 2)).toBeLessThanOrEqual(76);
  });

  it("follow the cursor only when it leaves the screen", () => {
    expect(scrollTo(3, 0, geometry)).toBeNull();
    expect(scrollTo(20, 0, geometry)).toBe(21 * 76 - 760);
    expect(scrollTo(2, 1000, geometry)).toBe(152);
  });
});

it("draws the lines of a part near the window, and at least one of a part that is far from it", () => {
  const part = { total: 5000, rowHeight: 34, viewport: 800 };
  expect(linesNear(0, part)).toEqual({ first: 0, end: 60 });
  expect(linesNear(34 * 1000, part)).toEqual({ first: 980, end: 1060 });
  expect(linesNear(34 * 4980, part)).toEqual({ first: 4960, end: 5000 });
  expect(linesNear(34 * 9000, part)).toEqual({ first: 4980, end: 5000 });
  expect(linesNear(-9000, part)).toEqual({ first: 0, end: 20 });
  expect(linesNear(-9000, { ...part, total: 1 })).toEqual({ first: 0, end: 20 });
});
