// Which rows of a long list are on the screen. Pure. Browsers give up beyond some 17 million pixels, so a longer list is compressed:
// the scrollbar then moves in larger steps, and rows stay as high as they are.

export const MOST_PIXELS = 12_000_000;

export interface Geometry {
  total: number;
  rowHeight: number;
  viewport: number;
}

/** The height of what is scrolled. */
export function heightOf({ total, rowHeight }: Geometry): number {
  return Math.min(total * rowHeight, MOST_PIXELS);
}

/** The rows [first, end) and where the first of them stands, at this place of the scrollbar. */
export function rowsAt(scrollTop: number, geometry: Geometry, overscan: number): { first: number; end: number; offset: number } {
  const { total, rowHeight, viewport } = geometry;
  const real = total * rowHeight;
  const height = heightOf(geometry);
  const share = height > viewport ? Math.min(1, Math.max(0, scrollTop / (height - viewport))) : 0;
  const top = real > height ? share * (real - viewport) : scrollTop;
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  const end = Math.min(total, Math.ceil((top + viewport) / rowHeight) + overscan);
  return { first, end, offset: scrollTop + first * rowHeight - top };
}

/** Where the scrollbar must be so that a row is on the screen; null when it is. */
export function scrollTo(position: number, scrollTop: number, geometry: Geometry): number | null {
  const { total, rowHeight, viewport } = geometry;
  const real = total * rowHeight;
  const height = heightOf(geometry);
  const scale = real > height ? (height - viewport) / (real - viewport) : 1;
  const top = scrollTop / scale;
  if (position * rowHeight < top) return position * rowHeight * scale;
  if ((position + 1) * rowHeight > top + viewport) return ((position + 1) * rowHeight - viewport) * scale;
  return null;
}

const STEP = 20;

/**
 * The lines [first, end) of a part of something scrolled that are drawn when so many pixels of that part are above the window (less than none: it
 * begins below). At least one is, to know where the part is; ends are multiples, so that not each pixel draws.
 */
export function linesNear(hidden: number, geometry: Geometry): { first: number; end: number } {
  const { first, end } = rowsAt(hidden, geometry, STEP);
  const from = Math.max(0, Math.min(first, geometry.total - 1));
  return { first: from - (from % STEP), end: Math.max(STEP, Math.ceil(end / STEP) * STEP) };
}
