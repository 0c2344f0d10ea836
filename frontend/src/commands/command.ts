// A command: what a button, a key and a menu do. Every feature gives a list of them; see features/feature.ts.

export interface Command {
  /** `feature.verb`; its title is the string `command.feature.verb`. */
  id: string;
  /** Keys as `KeyboardEvent.key` has them, a space between those of a sequence ("g i"). Never a browser's own. */
  keys?: readonly string[];
  /** A name in views/Icon.tsx. */
  icon?: string;
  /** Whether it can be done now; read in drawing, so that signals in it count. */
  when?: () => boolean;
  run: () => void | Promise<void>;
  /** A window to write in comes of it, on a slow line late: keys that are pressed until then are meant for the window, and are no commands. */
  opens?: boolean;
}

export function titleOf(command: Command): string {
  return `command.${command.id}`;
}
