// Text as a QR code: a square of dark (true) and light modules. ISO/IEC 18004: byte mode, level M, versions 1 to 15 (at most 412 octets).
// Not here: how it is drawn (QrCode.tsx), the arithmetic of its check symbols (galois.ts), which mask is taken (masks.ts).
import { checks } from "./galois";
import { PATTERNS, penalty } from "./masks";

const CHECKS = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24]; // symbols of a block, by version
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10];
const LEVEL = 0; // the two bits of M
const PADDING = [0xec, 0x11];

type Square = (boolean | null)[][]; // null: nothing is there yet

/** Raises an Error for a text that is too long. */
export function qrMatrix(text: string): boolean[][] {
  const octets = [...new TextEncoder().encode(text)];
  const version = CHECKS.findIndex((_, index) => octets.length + (index < 9 ? 2 : 3) <= room(index + 1)) + 1;
  if (!version) throw new Error("too long for a QR code");
  const square = frame(version);
  const bits = interleaved(version, packed(octets, version)).flatMap((symbol) => [7, 6, 5, 4, 3, 2, 1, 0].map((at) => (symbol >> at & 1) === 1));
  const drawn = PATTERNS.map((_, mask) => masked(square, bits, mask, version));
  return drawn.reduce((best, one) => (penalty(one) < penalty(best) ? one : best));
}

function sizeOf(version: number): number {
  return version * 4 + 17;
}

function rawSymbols(version: number): number {
  const size = sizeOf(version);
  const spots = alignments(version).length;
  const aligned = spots ? (spots * spots - 3) * 25 - (spots - 2) * 10 : 0; // those on the timing lines share five modules with them
  const used = 3 * 64 + 2 * (size - 16) + aligned + 31 + (version >= 7 ? 36 : 0);
  return Math.floor((size * size - used) / 8);
}

/** Octets of content and its head. */
function room(version: number): number {
  return rawSymbols(version) - (CHECKS[version - 1] ?? 0) * (BLOCKS[version - 1] ?? 0);
}

/** The centres of alignment patterns, on both axes. */
function alignments(version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = sizeOf(version) - 7;
  const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, index) => last - (count - 2 - index) * step)];
}

/** Mode, length, octets, and padding to the full room. */
function packed(octets: readonly number[], version: number): number[] {
  const nibbles = [4];
  const digits = version < 10 ? 2 : 4;
  for (let at = digits - 1; at >= 0; at--) nibbles.push(octets.length >> at * 4 & 15);
  for (const octet of octets) nibbles.push(octet >> 4, octet & 15);
  nibbles.push(0); // the terminator, which makes whole octets of it
  const symbols = Array.from({ length: nibbles.length / 2 }, (_, at) => (nibbles[2 * at] ?? 0) << 4 | (nibbles[2 * at + 1] ?? 0));
  for (let at = 0; symbols.length < room(version); at++) symbols.push(PADDING[at % 2] ?? 0);
  return symbols;
}

/** Blocks with their check symbols, a symbol of each in turn; the last blocks may be longer by one. */
function interleaved(version: number, symbols: readonly number[]): number[] {
  const count = BLOCKS[version - 1] ?? 1;
  const short = Math.floor(symbols.length / count);
  const longer = symbols.length % count;
  const blocks: number[][] = [];
  for (let index = 0, at = 0; index < count; index++) {
    const length = short + (index >= count - longer ? 1 : 0);
    blocks.push(symbols.slice(at, at + length));
    at += length;
  }
  const tails = blocks.map((block) => checks(block, CHECKS[version - 1] ?? 0));
  return [...inTurn(blocks), ...inTurn(tails)];
}

function inTurn(blocks: readonly number[][]): number[] {
  const longest = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: longest }, (_, at) => blocks.flatMap((block) => (at < block.length ? [block[at] ?? 0] : []))).flat();
}

/** What is the same in every code of a version: finders, timing, alignment; room for format and version is kept. */
function frame(version: number): Square {
  const size = sizeOf(version);
  const square: Square = Array.from({ length: size }, () => new Array<boolean | null>(size).fill(null));
  const put = (x: number, y: number, dark: boolean) => {
    const row = square[y];
    if (row && x >= 0 && x < size) row[x] = dark;
  };
  for (let at = 8; at < size - 8; at++) {
    put(at, 6, at % 2 === 0);
    put(6, at, at % 2 === 0);
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]] as const) rings(put, x, y, 4, (ring) => ring !== 2 && ring !== 4);
  const spots = alignments(version);
  const last = spots.at(-1);
  for (const x of spots) for (const y of spots) {
    if (!((x === 6 && (y === 6 || y === last)) || (x === last && y === 6))) rings(put, x, y, 2, (ring) => ring !== 1);
  }
  format(square, 0);
  if (version >= 7) numbered(put, version, size);
  return square;
}

function rings(put: (x: number, y: number, dark: boolean) => void, x: number, y: number, radius: number, dark: (ring: number) => boolean): void {
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) put(x + dx, y + dy, dark(Math.max(Math.abs(dx), Math.abs(dy))));
  }
}

/** Level and mask, with their BCH code, twice; and the module that is always dark. */
function format(square: Square, mask: number): void {
  const size = square.length;
  const data = LEVEL << 3 | mask;
  const bits = (data << 10 | remainder(data, 10, 0x537)) ^ 0x5412;
  const put = (x: number, y: number, at: number) => {
    const row = square[y];
    if (row) row[x] = (bits >> at & 1) === 1;
  };
  for (let at = 0; at < 15; at++) {
    if (at < 6) put(8, at, at);
    else if (at < 8) put(8, at + 1, at);
    else if (at === 8) put(7, 8, at);
    else put(14 - at, 8, at);
    if (at < 8) put(size - 1 - at, 8, at);
    else put(8, size - 15 + at, at);
  }
  const row = square[size - 8];
  if (row) row[8] = true;
}

function numbered(put: (x: number, y: number, dark: boolean) => void, version: number, size: number): void {
  const bits = version << 12 | remainder(version, 12, 0x1f25);
  for (let at = 0; at < 18; at++) {
    const dark = (bits >> at & 1) === 1;
    const [a, b] = [size - 11 + (at % 3), Math.floor(at / 3)];
    put(a, b, dark);
    put(b, a, dark);
  }
}

function remainder(data: number, degree: number, polynomial: number): number {
  let rest = data << degree;
  for (let at = 20; at >= degree; at--) if (rest >> at & 1) rest ^= polynomial << at - degree;
  return rest;
}

/** The bits in columns of two, up and down, from the right, under a mask. */
function masked(frame: Square, bits: readonly boolean[], mask: number, version: number): boolean[][] {
  const square = frame.map((row) => [...row]);
  const size = sizeOf(version);
  const flips = PATTERNS[mask] ?? (() => false);
  let next = 0;
  for (let column = size - 1, up = true; column > 0; column -= 2, up = !up) {
    if (column === 6) column--; // the timing line
    for (let step = 0; step < size; step++) {
      const y = up ? size - 1 - step : step;
      const row = square[y] ?? [];
      for (const x of [column, column - 1]) if (row[x] === null) row[x] = (bits[next++] ?? false) !== flips(x, y);
    }
  }
  format(square, mask);
  return square.map((row) => row.map(Boolean));
}
