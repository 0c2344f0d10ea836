// The buttons of formatting. One of them takes part in tabbing; the arrow keys go from one to the next (WAI-ARIA, toolbar).
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../../i18n/words";
import { Icon } from "../../../views/Icon";
import type { Squire } from "../squire";
import { LinkForm } from "./LinkForm";

interface Tool {
  name: string;
  key?: string;
  is?: (editor: Squire) => boolean;
  on: (editor: Squire) => unknown;
  off?: (editor: Squire) => unknown;
}

const TOOLS: readonly Tool[] = [
  { name: "bold", key: "Control+B", is: (e) => e.hasFormat("B"), on: (e) => e.bold(), off: (e) => e.removeBold() },
  { name: "italic", key: "Control+I", is: (e) => e.hasFormat("I"), on: (e) => e.italic(), off: (e) => e.removeItalic() },
  { name: "underline", key: "Control+U", is: (e) => e.hasFormat("U"), on: (e) => e.underline(), off: (e) => e.removeUnderline() },
  { name: "strike", is: (e) => e.hasFormat("S"), on: (e) => e.strikethrough(), off: (e) => e.removeStrikethrough() },
  { name: "bullets", is: (e) => e.hasFormat("UL"), on: (e) => e.makeUnorderedList(), off: (e) => e.removeList() },
  { name: "numbers", is: (e) => e.hasFormat("OL"), on: (e) => e.makeOrderedList(), off: (e) => e.removeList() },
  { name: "quote", is: (e) => e.hasFormat("BLOCKQUOTE"), on: (e) => e.increaseQuoteLevel(), off: (e) => e.decreaseQuoteLevel() },
  { name: "link", is: (e) => e.hasFormat("A"), on: () => undefined, off: (e) => e.removeLink() },
  { name: "clear", on: (e) => e.removeAllFormatting() },
];

export function FormatBar({ editor }: { editor: Squire }) {
  const bar = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const [linking, setLinking] = useState(false);
  const [, draw] = useState(0);
  useEffect(() => {
    const changed = () => draw((count) => count + 1);
    for (const event of ["pathChange", "select", "input"]) editor.addEventListener(event, changed);
    return () => {
      for (const event of ["pathChange", "select", "input"]) editor.removeEventListener(event, changed);
    };
  }, [editor]);
  const press = (tool: Tool) => {
    if (tool.name === "link" && !tool.is?.(editor)) return setLinking(true);
    if (tool.is?.(editor)) tool.off?.(editor);
    else tool.on(editor);
    editor.focus();
  };
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step || !(event.target instanceof HTMLButtonElement)) return;
    const forwards = getComputedStyle(event.target).direction === "rtl" ? -step : step;
    const next = (at + forwards + TOOLS.length) % TOOLS.length;
    setAt(next);
    bar.current?.querySelectorAll<HTMLElement>(".format")[next]?.focus();
    event.preventDefault();
  };
  return (
    <div class="compose-format" role="toolbar" aria-label={t("compose.formatting")} ref={bar} onKeyDown={move}>
      {TOOLS.map((tool, index) => {
        const title = t(`compose.format.${tool.name}`);
        return (
          <button
            key={tool.name}
            type="button"
            class="quiet small format"
            tabIndex={index === at ? 0 : -1}
            aria-label={title}
            aria-pressed={tool.is ? tool.is(editor) : undefined}
            aria-keyshortcuts={tool.key}
            title={title}
            onFocus={() => setAt(index)}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => press(tool)}
          >
            <Icon name={tool.name} />
          </button>
        );
      })}
      {linking && <LinkForm editor={editor} onClose={() => setLinking(false)} />}
    </div>
  );
}
