// Where a message without formatting is written.
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../../i18n/words";
import { touch } from "../saving";
import type { Compose } from "../windows";

export function PlainEditor({ one, focus }: { one: Compose; focus: boolean }) {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const { current } = field;
    if (!current) return;
    current.value = one.draft.peek().text;
    const begin = () => {
      current.focus();
      current.setSelectionRange(0, 0);
      current.scrollTop = 0;
    };
    if (focus) one.arrived(begin);
    const collect = () => {
      const draft = one.draft.peek();
      if (!draft.rich && current.value !== draft.text) one.draft.value = { ...draft, text: current.value };
    };
    one.collectors.add(collect);
    return () => {
      collect();
      one.collectors.delete(collect);
    };
  }, [one]);
  return <textarea class="compose-plain" ref={field} dir="auto" spellcheck aria-label={t("compose.text")} onInput={() => touch(one)} />;
}
