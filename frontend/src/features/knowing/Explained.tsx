// A line that tells what it means when it is pressed.
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { meaningIn } from "./meanings";
import type { Meaning } from "./records";

export function Explained({ meaning, children }: { meaning: Meaning | null; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  if (!meaning) return <div class="line">{children}</div>;
  return (
    <>
      <button type="button" class="line" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        {children}
      </button>
      <div class="meaning" id={id} hidden={!open} role="note">
        {open && <Words meaning={meaning} />}
      </div>
    </>
  );
}

function Words({ meaning }: { meaning: Meaning }) {
  const { text, lang } = meaningIn(meaning);
  return (
    <>
      <p lang={lang} dir="auto">{text}</p>
      {meaning.source && <p class="source">{t("journey.source", { source: meaning.source })}</p>}
    </>
  );
}
