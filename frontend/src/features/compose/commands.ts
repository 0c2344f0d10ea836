// The commands of writing, with Gmail's keys. What they do is loaded with the first of them.
import type { Command } from "../../commands/command";
import type { Id } from "../../jmap/records";
import { conversation } from "../../state/emails";
import { targets } from "../../state/selection";
import type { Kind } from "./recipients";
import { redirecting } from "./windows";

/** With all that a window is drawn with: else it is there, and takes no key yet. */
const open = async () => (await Promise.all([import("./open"), import("./parts/Dock"), import("./squire")]))[0];

/** The newest message of the conversation a command is about; a draft is not answered. */
function answerable(): Id | undefined {
  const [id, ...more] = targets();
  if (id === undefined || more.length) return undefined;
  return conversation(id).findLast((row) => !("$draft" in row.keywords))?.id;
}

const can = () => answerable() !== undefined;

export async function answer(kind: Kind, id = answerable()): Promise<void> {
  if (id) await (await open()).openAnswer(kind, id);
}

export async function forward(attached: boolean, id = answerable()): Promise<void> {
  if (id) await (await open()).openForward(id, attached);
}

export async function again(id = answerable()): Promise<void> {
  if (id) await (await open()).openAsNew(id);
}

export async function redirect(id = answerable()): Promise<void> {
  await import("./parts/RedirectDialog");
  redirecting.value = id ?? null;
}

export async function writeFurther(id: Id): Promise<void> {
  await (await open()).openDraft(id);
}

export const COMMANDS: readonly Command[] = [
  { id: "compose.new", keys: ["c"], icon: "draft", opens: true, run: async () => (await open()).openNew() },
  { id: "compose.reply", keys: ["r"], icon: "reply", when: can, opens: true, run: () => answer("reply") },
  { id: "compose.reply-all", keys: ["a"], icon: "reply-all", when: can, opens: true, run: () => answer("reply-all") },
  { id: "compose.forward", keys: ["f"], icon: "forward", when: can, opens: true, run: () => forward(false) },
  { id: "compose.forward-attached", keys: ["F"], icon: "attachment", when: can, opens: true, run: () => forward(true) },
  { id: "compose.redirect", keys: ["R"], icon: "redirect", when: can, opens: true, run: () => redirect() },
  { id: "compose.again", icon: "draft", when: can, opens: true, run: () => again() },
];
