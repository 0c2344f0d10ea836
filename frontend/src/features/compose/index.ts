// Writing: new messages, answers, drafts, files, sending now and later.
import type { Feature } from "../feature";
import { ComposeButton } from "./ComposeButton";
import { DraftOpener } from "./DraftOpener";
import { FloatingWrite } from "./FloatingWrite";
import { MessageActions } from "./MessageActions";
import { OutboxLink } from "./OutboxLink";
import { Overlay } from "./Overlay";
import { ScheduledLink } from "./ScheduledLink";
import { ThreadEnd } from "./ThreadEnd";
import { begin } from "./begin";
import { COMMANDS } from "./commands";

export const compose: Feature = {
  name: "compose",
  routes: [
    { pattern: "/scheduled", page: () => import("./parts/ScheduledPage") },
    { pattern: "/outbox", page: () => import("./parts/OutboxPage") },
    { pattern: "/compose", page: () => import("./parts/FromLink") },
  ],
  commands: COMMANDS,
  slots: {
    "sidebar.start": [ComposeButton],
    "list.end": [FloatingWrite],
    "sidebar.end": [ScheduledLink, OutboxLink],
    "message.actions": [MessageActions],
    "thread.start": [DraftOpener],
    "thread.end": [ThreadEnd],
    overlay: [Overlay],
  },
  start: begin,
};
