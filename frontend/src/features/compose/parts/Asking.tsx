// What is asked before a message leaves, and what the server has said against it.
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../../i18n/words";
import { offerFocus } from "../../../keys/focus";
import type { Compose } from "../windows";

export function Asking({ one }: { one: Compose }) {
  const question = one.question.value;
  const wrong = one.wrong.value.whole;
  const yes = useRef<HTMLButtonElement>(null);
  const back = () => {
    one.question.value = null;
    document.getElementById(`${one.key}-subject`)?.focus();
  };
  useEffect(() => offerFocus(yes.current), [question]);
  return (
    <>
      {wrong && (
        <p class="compose-wrong" role="alert">
          {wrong}
        </p>
      )}
      {question && (
        <div class="compose-asking" role="alertdialog" aria-label={question.words}>
          <p>{question.words}</p>
          <button type="button" class="quiet" onClick={back}>
            {t("compose.back")}
          </button>
          <button type="button" class="primary" ref={yes} onClick={question.go}>
            {question.yes}
          </button>
        </div>
      )}
    </>
  );
}
