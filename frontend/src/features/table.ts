// All features, in the order in which their pieces stand beside each other. A new one is a folder and a line here.
import type { Feature } from "./feature";
import { account } from "./account";
import { bulk } from "./bulk";
import { folders } from "./folders";
import { keyboard } from "./keyboard";
import { labelsFeature } from "./labels";
import { reading } from "./reading";
import { search } from "./search";
import { settings } from "./settings";
import { snoozeFeature } from "./snooze";

export const FEATURES: readonly Feature[] = [
  reading,
  search,
  folders,
  labelsFeature,
  snoozeFeature,
  bulk,
  keyboard,
  settings,
  account,
];

export const COMMANDS = FEATURES.flatMap((feature) => feature.commands ?? []);
export const ROUTES = FEATURES.flatMap((feature) => feature.routes ?? []);
