// Where a message with formatting is written. The editor keeps its own content; this only brings it in, and takes it out when it is collected.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../../i18n/words";
import { problem } from "../../../state/toasts";
import { plainOf } from "../plain";
import { outgoing } from "../rich";
import { touch } from "../saving";
import type { Squire } from "../squire";
import type { Compose } from "../windows";
import { FormatBar } from "./FormatBar";

export function RichEditor({ one, focus }: { one: Compose; focus: boolean }) {
  const root = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<Squire | null>(null);
  useEffect(() => {
    let made: Squire | null = null;
    let gone = false;
    const begin = async () => {
      const { editorIn } = await import("../squire");
      if (gone || !root.current) return;
      const editor = (made = fill(one, editorIn(root.current, () => one.draft.peek().files)));
      if (focus) one.arrived(() => editor.focus().moveCursorToStart());
      setEditor(made);
    };
    void begin().catch(problem);
    const collect = () => made && take(one, made);
    one.collectors.add(collect);
    return () => {
      gone = true;
      collect();
      one.collectors.delete(collect);
      one.insertPicture = null;
      made?.destroy();
    };
  }, [one]);
  // What changes on the text's own element is taken for writing by the editor.
  return (
    <>
      <div class="compose-scroll" aria-busy={!editor} onClick={(event) => event.target === event.currentTarget && editor?.focus().moveCursorToEnd()}>
        <div class="compose-text" ref={root} dir="auto" role="textbox" aria-multiline="true" aria-label={t("compose.text")} />
      </div>
      {editor && <FormatBar editor={editor} />}
    </>
  );
}

function fill(one: Compose, editor: Squire): Squire {
  editor.setHTML(one.draft.peek().html);
  editor.addEventListener("input", () => touch(one));
  one.insertPicture = (cid, url, name) => editor.insertImage(url, { "data-cid": cid, alt: name, style: "max-width:100%" });
  return editor;
}

function take(one: Compose, editor: Squire): void {
  const root = editor.getRoot();
  const html = outgoing(root);
  const draft = one.draft.peek();
  if (draft.rich && html !== draft.html) one.draft.value = { ...draft, html, text: plainOf(root) };
}
