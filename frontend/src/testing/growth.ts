// How much longer a work takes when there is more to do: 16 for sixteen times as much is linear, 256 quadratic.

const RUNS = 3; // the fastest counts: a machine has other things to do

export function growth(work: (size: number) => () => unknown, size: number, times: number): number {
  const before = fastest(work, size);
  return fastest(work, size * times) / before;
}

function fastest(work: (size: number) => () => unknown, size: number): number {
  const took = Array.from({ length: RUNS }, () => {
    const ready = work(size);
    const begun = performance.now();
    ready();
    return performance.now() - begun;
  });
  return Math.min(...took);
}
