// Who gets the focus when something comes, or ends, later than it was asked for.
import { typing } from "./keyboard";

/** There, unless somebody writes elsewhere by now: what he types next is meant for that, and would be commands here. In one window he is not elsewhere. */
export function offerFocus(element: Element | null | undefined, options?: FocusOptions): void {
  const at = document.activeElement;
  const elsewhere = typing(at) && !element?.closest("[role=dialog]")?.contains(at);
  if (element instanceof HTMLElement && !elsewhere) element.focus(options);
}
