// The search box: typing is read as one types, operators and former searches are offered, mistakes told; a form edits the same text.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { tree } from "../../state/mailboxes";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { labels } from "../labels/labels";
import { Mistakes } from "./Mistakes";
import { folderNames } from "./folder_names";
import { SearchForm } from "./SearchForm";
import { forgetRecent, parse, recent, search, typed, understood } from "./searching";
import { type Suggestion, suggestions } from "./suggestions";

const WAIT_MS = 150;

export function focusSearch(): void {
  document.querySelector<HTMLInputElement>("#search-text")?.select();
  document.querySelector<HTMLInputElement>("#search-text")?.focus();
}

function names(): Record<string, string[]> {
  const boxes = folderNames(tree.value).map(({ value }) => value);
  return { in: boxes, under: boxes, label: labels().map((one) => one.keyword) };
}

export function SearchBox() {
  const [open, setOpen] = useState(false);
  const [form, setForm] = useState(false);
  const [at, setAt] = useState(-1);
  const box = useRef<HTMLFormElement>(null);
  const text = typed.value;
  const parsed = understood.value?.given === text ? understood.value : null;
  const offered: Suggestion[] = text ? suggestions(text, names()) : recent().map((one) => ({ text: one, shown: one, words: "" }));

  useEffect(() => {
    if (!text.trim() || understood.peek()?.given === text) return;
    const timer = setTimeout(() => void parse(text).then((found) => typed.peek() === text && (understood.value = found), problem), WAIT_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const away = (event: Event) => {
      if (box.current?.contains(event.target as Node)) return;
      setOpen(false);
      setForm(false);
    };
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, []);

  const type = (value: string) => {
    typed.value = value;
    setAt(-1);
    setOpen(true);
  };
  const submit = async (wanted: string) => {
    box.current?.querySelector("input")?.blur(); // what is typed next are keys of commands
    if (!(await search(wanted))) {
      box.current?.querySelector("input")?.focus();
      return setOpen(true);
    }
    setOpen(false);
    setForm(false);
  };
  const take = (one: Suggestion) => {
    if (!text) return void submit(one.text).catch(problem);
    type(one.text);
    box.current?.querySelector("input")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = offered[at];
    if (event.isComposing) return; // the keys are the input method's
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, offered.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, -1));
    else if ((event.key === "Enter" || event.key === "Tab") && open && chosen) take(chosen);
    else if (event.key === "Escape") {
      if (!open && !form) box.current?.querySelector("input")?.blur();
      setOpen(false);
      setForm(false);
    } else return;
    event.preventDefault();
  };
  return (
    <form
      class="search"
      role="search"
      ref={box}
      onSubmit={(event) => {
        event.preventDefault();
        void submit(typed.peek()).catch(problem);
      }}
    >
      <Icon name="search" />
      <input
        id="search-text"
        type="text"
        enterKeyHint="search"
        role="combobox"
        autoComplete="off"
        spellcheck={false}
        maxLength={4000}
        aria-expanded={open && offered.length > 0}
        aria-controls="search-offered"
        aria-activedescendant={open && at >= 0 ? `offered-${at}` : undefined}
        aria-invalid={parsed !== null && parsed.errors.length > 0}
        aria-describedby="search-mistakes"
        aria-label={t("search.label")}
        placeholder={t("search.placeholder")}
        value={text}
        onFocus={() => setOpen(true)}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button type="button" class="quiet small" aria-label={t("search.form")} title={t("search.form")} aria-expanded={form} onClick={() => setForm(!form)}>
        <Icon name="filter" />
      </button>
      <div class="search-panel" hidden={!form && !(open && (offered.length > 0 || (parsed?.errors.length ?? 0) > 0))}>
        <Mistakes parsed={parsed} typing={!form && offered.length > 0 && text !== ""} />
        {!form && (
          <ul id="search-offered" role="listbox" aria-label={t(text ? "search.offered" : "search.recent")}>
            {offered.map((one, index) => (
              <li key={one.text} id={`offered-${index}`} role="option" aria-selected={index === at} onPointerDown={(event) => event.preventDefault()} onClick={() => take(one)}>
                {!text && <Icon name="undo" />}
                <bdi>{one.shown}</bdi>
                {one.words && <small>{t(one.words)}</small>}
              </li>
            ))}
          </ul>
        )}
        {!form && !text && (
          <button type="button" class="link" onClick={() => void forgetRecent().catch(problem)}>
            {t("search.forget")}
          </button>
        )}
        {form && <SearchForm onType={type} parsed={parsed} />}
      </div>
    </form>
  );
}
