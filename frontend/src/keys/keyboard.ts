// Keys lead to commands, those of all features. Not while somebody types, not with Ctrl, Alt or Meta: those are the browser's.
import type { Command } from "../commands/command";
import { problem } from "../state/toasts";
import { keysOf } from "./keymap";

const SEQUENCE_MS = 1200;
const OPENING_MS = 10_000; // then nobody waits for the window any more

export class Keyboard {
  private begun = "";
  private at = 0;
  private opening: { until: number } | null = null;

  constructor(private readonly commands: readonly Command[]) {}

  /** True when the key was one of ours. */
  press(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing(event.target)) return false;
    if (document.querySelector("dialog[open], .menu[popover]") || (event.key === "Enter" && pressable(event.target))) return false;
    const whole = this.begun && event.timeStamp - this.at < SEQUENCE_MS ? `${this.begun} ${event.key}` : event.key;
    this.begun = "";
    const found = this.find(whole) ?? this.find(event.key);
    if (found) {
      if (!this.opening || event.timeStamp > this.opening.until) this.begin(found, event.timeStamp);
      return true;
    }
    if (this.commands.some((command) => keysOf(command).some((keys) => keys.startsWith(`${event.key} `)))) {
      this.begun = event.key;
      this.at = event.timeStamp;
    }
    return false;
  }

  private begin(command: Command, at: number): void {
    const opening = command.opens ? { until: at + OPENING_MS } : null;
    this.opening = opening;
    void Promise.resolve(command.run())
      .catch(problem)
      .finally(() => this.opening === opening && (this.opening = null));
  }

  private find(keys: string): Command | undefined {
    return this.commands.find((command) => keysOf(command).includes(keys) && (command.when?.() ?? true));
  }
}

/** Whether what is pressed there is text. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const input = target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type);
  return input || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

function pressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, summary, [role=menuitem]") !== null;
}
