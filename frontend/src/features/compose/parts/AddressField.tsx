// A line of addresses: a chip for each, and a field with suggestions (WAI-ARIA, combobox with a listbox).
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../../i18n/words";
import type { Address } from "../../../jmap/records";
import { eachOnce, isAddress, keyOf, parseAddresses, written } from "../addresses";
import { suggest } from "../completion";
import { recipientsIn } from "../draft";
import { touch } from "../saving";
import type { Compose } from "../windows";
import { AddressChip } from "./AddressChip";
import { Suggestions } from "./Suggestions";

const QUIET_MS = 120;

interface Props {
  one: Compose;
  name: "to" | "cc" | "bcc";
  focus?: boolean;
  children?: ComponentChildren;
}

export function AddressField({ one, name, focus = false, children }: Props) {
  const [typed, setTyped] = useState("");
  const line = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const { found, at, setAt, clear } = useSuggestions(one, typed);
  const list = one.draft.value[name];
  const wrong = one.wrong.value[name];
  const id = `${one.key}-${name}`;
  const set = (next: Address[]) => {
    one.draft.value = { ...one.draft.peek(), [name]: next };
    if (wrong) one.wrong.value = { ...one.wrong.peek(), [name]: "" };
    touch(one);
  };
  const type = (text: string) => {
    setTyped(text);
    if (field.current) field.current.value = text;
  };
  const add = (more: readonly Address[]) => {
    type("");
    clear();
    if (more.length) set(eachOnce([...one.draft.peek()[name], ...more]));
  };
  const commit = () => {
    const text = field.current?.value ?? "";
    if (text.trim()) add(parseAddresses(text));
  };
  useEffect(() => {
    one.committers.add(commit);
    if (focus) one.arrived(() => field.current?.focus());
    return () => void one.committers.delete(commit);
  }, [one]);
  const without = (email: string) => {
    set(one.draft.peek()[name].filter((each) => keyOf(each.email) !== keyOf(email)));
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const open = found.length > 0;
    const chosen = found[at];
    if (open && event.key === "ArrowDown") setAt((at + 1) % found.length);
    else if (open && event.key === "ArrowUp") setAt((at <= 0 ? found.length : at) - 1);
    else if (open && event.key === "Escape") clear();
    else if (chosen && (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey))) add([chosen]);
    else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || ((event.key === "," || event.key === ";") && ready(typed))) commit();
    else if ((event.key === "Backspace" || event.key === "ArrowLeft") && !typed) focusChip(line.current, -1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const paste = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const addresses = parseAddresses(text);
    if (typed || !addresses.some((each) => isAddress(each.email))) return;
    event.preventDefault();
    add(addresses);
  };
  const edit = (address: Address) => {
    without(address.email);
    type(written(address));
  };
  return (
    <div class={`compose-line${wrong ? " faulty" : ""}`} onClick={(event) => event.target === event.currentTarget && field.current?.focus()}>
      <label for={id}>{t(`message.field.${name}`)}</label>
      <div class="compose-chips" ref={line} onClick={(event) => event.target === event.currentTarget && field.current?.focus()}>
        {list.map((address) => (
          <AddressChip key={keyOf(address.email)} address={address} onRemove={() => without(address.email)} onEdit={() => edit(address)} onLeave={() => field.current?.focus()} />
        ))}
        <input
          id={id}
          ref={field}
          type="text"
          inputMode="email"
          autocomplete="off"
          spellcheck={false}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={found.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
          aria-invalid={Boolean(wrong)}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={paste}
          onBlur={commit}
        />
        <Suggestions id={id} found={found} at={at} onChoose={(address) => add([address])} />
      </div>
      {children}
      {wrong && (
        <p class="compose-wrong" id={`${id}-wrong`} role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}

// A comma ends an address, but not within a name in quotes.
function ready(typed: string): boolean {
  return typed.trim() !== "" && (typed.match(/"/g)?.length ?? 0) % 2 === 0;
}

function focusChip(line: HTMLElement | null, index: number): void {
  const chips = line?.querySelectorAll<HTMLElement>(".chip-name");
  chips?.[index < 0 ? chips.length + index : index]?.focus();
}

function useSuggestions(one: Compose, typed: string) {
  const [found, setFound] = useState<readonly Address[]>([]);
  const [at, setAt] = useState(-1);
  useEffect(() => {
    if (!typed.trim()) return setFound([]);
    let late = false;
    const timer = setTimeout(() => {
      void suggest(typed, recipientsIn(one.draft.peek())).then((list) => {
        if (late) return;
        setFound(list);
        setAt(isAddress(typed.trim()) || !list.length ? -1 : 0);
      }, () => {});
    }, QUIET_MS);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [typed]);
  return { found, at, setAt, clear: () => setFound([]) };
}
