// The editor (squire-rte, 18 kB packed: the smallest that is kept up, made for mail), as we use it. Loaded with the first message that has formatting.
import Squire from "squire-rte";
import type { Attached } from "./draft";
import { shown, trustedForUndo } from "./rich";

export type { Squire };

/** An editor in an element; `files` gives those of the message. */
export function editorIn(root: HTMLElement, files: () => readonly Attached[]): Squire {
  const editor = new Squire(root, {
    blockTag: "DIV",
    sanitizeToDOMFragment: (html: string) => shown(html, files()),
    didError: (error: unknown) => console.warn(error),
  });
  // Undo puts back what the editor has kept as text: the page's policy (Trusted Types) wants to know that it is safe.
  const restore = editor._setRawHTML.bind(editor);
  editor._setRawHTML = (html: string) => restore(trustedForUndo(html));
  return editor;
}
