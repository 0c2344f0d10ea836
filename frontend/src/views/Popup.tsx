// A menu beside its button, above everything (the browser's popover: Escape and a click elsewhere close it).
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

const GAP = 6;

export function Popup(props: { label: string; button: ComponentChildren; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!open || !menu.current || !button.current) return;
    menu.current.showPopover();
    place(menu.current, button.current.getBoundingClientRect());
  }, [open]);
  const isChoice = (event: MouseEvent) => (event.target as Element).closest("button, a") !== null;
  // The menu goes with the focus in it, so that goes back first: a dialog that is chosen gives it back in its turn.
  const leave = (event: MouseEvent) => {
    if (isChoice(event) && menu.current?.contains(document.activeElement)) button.current?.focus({ preventScroll: true });
  };
  const choose = (event: MouseEvent) => isChoice(event) && setOpen(false);
  const closed = (event: { newState: string }) => {
    if (event.newState === "closed") setOpen(false);
  };
  return (
    <div class="popup">
      <button type="button" class="quiet" ref={button} aria-haspopup="true" aria-expanded={open} aria-label={props.label} title={props.label} onClick={() => setOpen(!open)}>
        {props.button}
      </button>
      {open && (
        <div class="menu" popover="auto" ref={menu} onClickCapture={leave} onClick={choose} onToggle={closed}>
          {props.children}
        </div>
      )}
    </div>
  );
}

// Below the button, or above it where there is no room; at the side on which it stays in the window.
function place(menu: HTMLElement, at: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const x = at.left + width < innerWidth - GAP ? at.left : at.right - width;
  const y = at.bottom + GAP + height < innerHeight ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height);
  menu.style.translate = `${Math.max(GAP, x)}px ${y}px`;
}
