// A menu that hangs below its button.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export function Popup(props: { label: string; button: ComponentChildren; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!whole.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    setOpen(false);
    whole.current?.querySelector("button")?.focus();
  };
  return (
    <div class="popup" ref={whole} onKeyDown={onKeyDown}>
      <button type="button" class="quiet" aria-haspopup="true" aria-expanded={open} aria-label={props.label} title={props.label} onClick={() => setOpen(!open)}>
        {props.button}
      </button>
      {open && <div class="menu">{props.children}</div>}
    </div>
  );
}
