// The mailboxes of a narrow window lie above the page: the focus goes in, and back; Escape and whatever takes the focus from them close them.
import { useEffect, useState } from "preact/hooks";

export interface Drawer {
  open: boolean;
  setOpen: (open: boolean) => void;
}

export function useDrawer(path: string): Drawer {
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  useEffect(() => (open ? enter(() => setOpen(false)) : undefined), [open]);
  return { open, setOpen };
}

function enter(close: () => void): () => void {
  const sidebar = document.querySelector<HTMLElement>(".sidebar");
  const before = document.activeElement;
  const isInside = (one: EventTarget | null) => one instanceof Element && (sidebar?.contains(one) === true || one.closest("dialog") !== null);
  const leave = (event: FocusEvent) => event.relatedTarget && !isInside(event.relatedTarget) && close();
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open], .menu[popover]")) return;
    event.preventDefault();
    close();
  };
  sidebar?.querySelector<HTMLElement>("[aria-current], a")?.focus();
  sidebar?.addEventListener("focusout", leave);
  document.addEventListener("keydown", press);
  return () => {
    sidebar?.removeEventListener("focusout", leave);
    document.removeEventListener("keydown", press);
    const at = document.activeElement;
    if (before instanceof HTMLElement && (at === document.body || sidebar?.contains(at))) before.focus();
  };
}
