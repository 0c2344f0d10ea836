// The eight masks of a QR code, and how badly each lets it be read. ISO/IEC 18004 §7.8.
export const PATTERNS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => (x * y) % 2 + (x * y) % 3 === 0,
  (x, y) => ((x * y) % 2 + (x * y) % 3) % 2 === 0,
  (x, y) => ((x + y) % 2 + (x * y) % 3) % 2 === 0,
];

/** The lower the better. */
export function penalty(square: readonly boolean[][]): number {
  const columns = square.map((_, x) => square.map((row) => row[x] ?? false));
  const dark = square.flat().filter(Boolean).length / square.length ** 2;
  const lines = [...square, ...columns].map((line) => line.map((one) => (one ? "1" : "0")).join(""));
  return lines.reduce((sum, line) => sum + runs(line) + finders(line), 0) + blocks(square) + 10 * Math.floor(Math.abs(dark * 20 - 10));
}

function runs(line: string): number {
  return (line.match(/0{5,}|1{5,}/g) ?? []).reduce((sum, run) => sum + run.length - 2, 0);
}

function finders(line: string): number {
  return 40 * (line.match(/(?=10111010000|00001011101)/g) ?? []).length;
}

function blocks(square: readonly boolean[][]): number {
  let found = 0;
  for (let y = 1; y < square.length; y++) {
    for (let x = 1; x < square.length; x++) {
      const one = square[y]?.[x];
      if (one === square[y]?.[x - 1] && one === square[y - 1]?.[x] && one === square[y - 1]?.[x - 1]) found += 3;
    }
  }
  return found;
}
