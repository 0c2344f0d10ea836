// How much longer a work takes when there is more to do: 16 for sixteen times as much is linear, 256 quadratic.
// The processor's time, and the least of many turns: a machine has other things to do.

declare const process: { cpuUsage(since?: Usage): Usage }; // Node's, in microseconds
interface Usage {
  user: number;
  system: number;
}

const TURNS = 15;

export function growth(work: (size: number) => () => unknown, size: number, times: number): number {
  let [small, large] = [Infinity, Infinity];
  for (let turn = 0; turn < TURNS; turn++) {
    small = Math.min(small, took(work(size)));
    large = Math.min(large, took(work(size * times)));
  }
  return large / small;
}

function took(ready: () => unknown): number {
  const begun = process.cpuUsage();
  ready();
  const { user, system } = process.cpuUsage(begun);
  return user + system;
}
