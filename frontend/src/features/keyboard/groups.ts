// Commands by the feature that brings them, as the help and the settings show them.
import type { Command } from "../../commands/command";
import { t } from "../../i18n/words";
import { commands } from "../present";

interface Group {
  name: string;
  title: string;
  commands: readonly Command[];
}

/** By the first word of their ids (`mail`, `list`, `go`), in the order of features. */
export function groups(): Group[] {
  const found = new Map<string, Command[]>();
  for (const command of commands()) {
    const name = command.id.split(".")[0] ?? "";
    found.set(name, [...(found.get(name) ?? []), command]);
  }
  return [...found].map(([name, commands]) => ({ name, title: t(`keyboard.group.${name}`), commands }));
}
