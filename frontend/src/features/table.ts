// All features, in the order in which their pieces stand beside each other. A new one is a folder and a line here.
import type { Feature } from "./feature";
import { account } from "./account";
import { compose } from "./compose";
import { folders } from "./folders";
import { reading } from "./reading";

export const FEATURES: readonly Feature[] = [
  reading,
  compose,
  folders,
  account,
];

export const COMMANDS = FEATURES.flatMap((feature) => feature.commands ?? []);
export const ROUTES = FEATURES.flatMap((feature) => feature.routes ?? []);
