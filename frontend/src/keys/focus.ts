// Who gets the focus when something comes, or ends, later than it was asked for.
import { typing } from "./keyboard";

/** There, unless somebody writes elsewhere by now: what he types next is meant for that, and would be commands here. */
export function offerFocus(element: Element | null | undefined, options?: FocusOptions): void {
  if (element instanceof HTMLElement && !typing(document.activeElement)) element.focus(options);
}
