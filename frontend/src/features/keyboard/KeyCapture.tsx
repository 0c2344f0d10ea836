// A field that takes keys instead of text: one, or two after each other. Never with Ctrl, Alt or Meta: those are the browser's.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Command } from "../../commands/command";
import { titleOf } from "../../commands/command";
import { t } from "../../i18n/words";
import { clashes } from "../../keys/keymap";
import { commands } from "../present";
import { addKey } from "./capture";

export function KeyCapture({ command, onDone }: { command: Command; onDone: (keys: string | null) => void }) {
  const [keys, setKeys] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const taken = keys ? clashes(keys, command, commands()) : [];
  const press = (event: KeyboardEvent) => {
    if (event.key === "Tab") return;
    event.stopPropagation();
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (event.key === "Escape") return onDone(null);
    if (event.key === "Enter" && keys) return taken.length ? undefined : onDone(keys);
    setKeys(addKey(keys, event.key));
  };
  return (
    <span class="key-ways">
      <input class="field" readOnly ref={field} value={keys} placeholder={t("keyboard.press")} aria-label={t("keyboard.press-for", { what: t(titleOf(command)) })} onKeyDown={press} />
      <button type="button" class="quiet" disabled={!keys || taken.length > 0} onClick={() => onDone(keys)}>
        {t("keyboard.take")}
      </button>
      <span class="wrong" role="alert">
        {taken.length > 0 && t("keyboard.taken", { what: taken.map((one) => t(titleOf(one))).join(", ") })}
      </span>
    </span>
  );
}
