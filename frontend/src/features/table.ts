// All features, in the order in which their pieces stand beside each other. A new one is a folder and a line here.
import type { Feature } from "./feature";
import { account } from "./account";
import { contacts } from "./contacts";
import { folders } from "./folders";
import { offline } from "./offline";
import { reading } from "./reading";

export const FEATURES: readonly Feature[] = [
  reading,
  folders,
  contacts,
  account,
  offline,
];

export const COMMANDS = FEATURES.flatMap((feature) => feature.commands ?? []);
export const ROUTES = FEATURES.flatMap((feature) => feature.routes ?? []);
