// Commands by the feature that brings them, as the help and the settings show them.
import type { Command } from "../../commands/command";
import { FEATURES } from "../table";

export interface Group {
  name: string;
  commands: readonly Command[];
}

/** By the first word of their ids (`mail`, `list`, `go`), in the order of features. */
export function groups(): Group[] {
  const found = new Map<string, Command[]>();
  for (const command of FEATURES.flatMap((feature) => feature.commands ?? [])) {
    const name = command.id.split(".")[0] ?? "";
    found.set(name, [...(found.get(name) ?? []), command]);
  }
  return [...found].map(([name, commands]) => ({ name, commands }));
}
