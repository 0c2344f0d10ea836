// Commands by their ids, for whoever wants one of another feature: `run("compose.reply")`.
import { commands } from "../features/present";
import { problem } from "../state/toasts";
import type { Command } from "./command";

export function command(id: string): Command | undefined {
  return commands().find((one) => one.id === id);
}

/** Does it, when it is there and can be done now. */
export function run(id: string): boolean {
  const found = command(id);
  if (!found || !(found.when?.() ?? true)) return false;
  void Promise.resolve(found.run()).catch(problem);
  return true;
}
