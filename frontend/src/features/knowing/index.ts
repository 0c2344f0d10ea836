// What one may know of a message: who has sent it really, its journey, its source, what its header tells; and headers that were pasted.
import "./knowing.css";
import type { Feature } from "../feature";
import { go } from "../../state/route";
import { openThread } from "../../state/thread";
import { MessageFacts } from "./MessageFacts";
import { MessageMenu } from "./MessageMenu";

const newest = () => openThread.value?.emailIds.at(-1);

export const knowing: Feature = {
  name: "knowing",
  routes: [
    { pattern: "/journey/:email", page: () => import("./JourneyPage") },
    { pattern: "/source/:email", page: () => import("./SourcePage") },
    { pattern: "/headers", page: () => import("./HeadersPage") },
  ],
  commands: [
    { id: "knowing.journey", keys: ["g j"], icon: "route", when: () => newest() !== undefined, run: () => go(`/journey/${encodeURIComponent(newest() ?? "")}`) },
    { id: "knowing.source", icon: "source", when: () => newest() !== undefined, run: () => go(`/source/${encodeURIComponent(newest() ?? "")}`) },
    { id: "knowing.headers", icon: "source", run: () => go("/headers") },
  ],
  slots: { "message.head": [MessageFacts], "message.actions": [MessageMenu] },
};
