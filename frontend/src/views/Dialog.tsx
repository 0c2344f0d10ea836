// A window in the middle; Escape and a click beside it close it. The focus goes in, and back where it was.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/words";
import { Icon } from "./Icon";

export function Dialog(props: { title: string; onClose: () => void; narrow?: boolean; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  // Before the next key is pressed: it is meant for the dialog.
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  const beside = (event: MouseEvent) => {
    if (event.target === dialog.current) props.onClose();
  };
  return (
    <dialog class={`dialog${props.narrow ? " narrow" : ""}`} ref={dialog} aria-label={props.title} onClose={props.onClose} onMouseDown={beside}>
      <div class="dialog-head">
        <h2>{props.title}</h2>
        <button type="button" class="quiet" aria-label={t("frame.close")} onClick={props.onClose}>
          <Icon name="close" />
        </button>
      </div>
      {props.children}
    </dialog>
  );
}
