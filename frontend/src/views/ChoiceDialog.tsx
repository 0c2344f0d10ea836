// A window with a list to choose one from, narrowed by typing; arrows go through it, Enter takes (WAI-ARIA, "combobox").
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Dialog } from "./Dialog";

interface Props<T> {
  title: string;
  hint: string;
  /** Those that go with what was typed. */
  choices: (wanted: string) => readonly T[];
  keyOf: (one: T) => string;
  draw: (one: T) => ComponentChildren;
  /** Where several can be on at once: which are. */
  isOn?: (one: T) => boolean;
  /** Instead of an empty list. */
  none?: string;
  maxLength?: number;
  onChoose: (one: T) => void;
  onClose: () => void;
}

const PART = 100; // lines that are drawn at first, and each time the end of these is in sight

export function ChoiceDialog<T>(props: Props<T>) {
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const [drawn, setDrawn] = useState(PART);
  const list = useRef<HTMLUListElement>(null);
  const found = props.choices(wanted.trim());
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at]);
  const choose = (index: number) => {
    const one = found[index];
    if (one === undefined) return;
    props.onClose();
    props.onChoose(one);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return; // the keys are the input method's
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") choose(at);
    else return;
    event.preventDefault();
  };
  const type = (event: Event) => {
    setWanted((event.currentTarget as HTMLInputElement).value);
    setAt(0);
    setDrawn(PART);
  };
  const more = ({ currentTarget: { scrollTop, clientHeight, scrollHeight } }: { currentTarget: HTMLElement }) => {
    if (scrollTop + 2 * clientHeight > scrollHeight && drawn < found.length) setDrawn(drawn + PART);
  };
  return (
    <Dialog title={props.title} onClose={props.onClose} narrow>
      <input
        class="field"
        autoFocus
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="choices"
        aria-activedescendant={found.length ? `choice-${at}` : undefined}
        aria-label={props.hint}
        placeholder={props.hint}
        maxLength={props.maxLength}
        value={wanted}
        onInput={type}
        onKeyDown={onKeyDown}
      />
      <ul class="choices" id="choices" role="listbox" aria-multiselectable={props.isOn !== undefined} aria-label={props.title} ref={list} onScroll={more}>
        {found.slice(0, Math.max(drawn, at + PART)).map((one, index) => (
          <li
            key={props.keyOf(one)}
            id={`choice-${index}`}
            role="option"
            class={index === at ? "at" : ""}
            aria-selected={props.isOn?.(one) ?? index === at}
            onMouseMove={() => setAt(index)}
            onClick={() => choose(index)}
          >
            {props.draw(one)}
          </li>
        ))}
        {found.length === 0 && props.none && <li class="none">{props.none}</li>}
      </ul>
    </Dialog>
  );
}
