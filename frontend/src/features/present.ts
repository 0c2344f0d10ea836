// The features that are there. main.tsx says which, out of table.ts; who draws or runs them asks here, so that a feature need not know the table.
import type { Command } from "../commands/command";
import type { Feature, Route } from "./feature";

let present: readonly Feature[] = [];
let brought: readonly Command[] = [];

/** Once, before anything is drawn. */
export function bring(all: readonly Feature[]): void {
  present = all;
  brought = all.flatMap((feature) => feature.commands ?? []);
}

export function features(): readonly Feature[] {
  return present;
}

export function commands(): readonly Command[] {
  return brought;
}

export function routes(): readonly Route[] {
  return present.flatMap((feature) => feature.routes ?? []);
}
