// Which keys a command has: those that somebody has chosen, else its own. Letters can be off altogether: then only keys that nobody types remain.
import type { Command } from "../commands/command";
import { prefer, preference } from "../state/preferences";

interface KeyboardPreference {
  /** False: no letters, digits or signs, as who speaks to the machine wants it (WCAG 2.1.4). */
  letters?: boolean;
  /** By command; an empty list: none. */
  keys?: Record<string, string[]>;
}

const PART = "keyboard";

export function keyboardPreference(): KeyboardPreference {
  return preference<KeyboardPreference>(PART, {});
}

export function chosenKeys(command: Command): readonly string[] {
  return keyboardPreference().keys?.[command.id] ?? command.keys ?? [];
}

/** The keys that lead to it now. */
export function keysOf(command: Command): readonly string[] {
  const chosen = chosenKeys(command);
  return keyboardPreference().letters === false ? chosen.filter(isNamed) : chosen;
}

/** Escape, Enter, Delete and the like: what no text is made of. */
export function isNamed(keys: string): boolean {
  return !keys.includes(" ") && keys.length > 1;
}

export function setLetters(on: boolean): Promise<void> {
  const { letters: _, ...rest } = keyboardPreference();
  return prefer(PART, on ? rest : { ...rest, letters: false });
}

/** Other keys for a command; null: its own again. */
export function setKeys(command: Command, keys: readonly string[] | null): Promise<void> {
  const { keys: before = {}, ...rest } = keyboardPreference();
  const { [command.id]: _, ...others } = before;
  return prefer(PART, { ...rest, keys: keys === null ? others : { ...others, [command.id]: [...keys] } });
}

export function resetKeys(): Promise<void> {
  return prefer(PART, undefined);
}

/** Commands that have one of these keys, or keys that begin with them or that they begin with: pressed, another would answer. */
export function clashes(keys: string, own: Command, commands: readonly Command[]): Command[] {
  const meets = (other: string) => other === keys || other.startsWith(`${keys} `) || keys.startsWith(`${other} `);
  return commands.filter((command) => command.id !== own.id && !shares(own, command) && chosenKeys(command).some(meets));
}

// Two sides of one thing (star, unstar): only one of them can be done at a time, and both have the same key from the start.
function shares(one: Command, other: Command): boolean {
  return one.keys?.[0] !== undefined && one.keys[0] === other.keys?.[0];
}
