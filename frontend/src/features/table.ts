// All features, in the order in which their pieces stand beside each other. A new one is a folder and a line here.
import type { Feature } from "./feature";
import { account } from "./account";
import { attachments } from "./attachments";
import { bulk } from "./bulk";
import { compose } from "./compose";
import { contacts } from "./contacts";
import { folders } from "./folders";
import { keyboard } from "./keyboard";
import { knowing } from "./knowing";
import { labelsFeature } from "./labels";
import { offline } from "./offline";
import { reading } from "./reading";
import { search } from "./search";
import { settings } from "./settings";
import { snoozeFeature } from "./snooze";

export const FEATURES: readonly Feature[] = [
  reading,
  search,
  compose,
  folders,
  knowing,
  attachments,
  labelsFeature,
  snoozeFeature,
  bulk,
  keyboard,
  contacts,
  settings,
  account,
  offline,
];
