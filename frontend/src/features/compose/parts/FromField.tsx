// Under which address a message is written, where one has several; its signature comes with it.
import { t } from "../../../i18n/words";
import { written } from "../addresses";
import { exchangedSignature, signatureHtml } from "../beginnings";
import { identities, identityOf } from "../identities";
import { SIGNATURE, safeFragment } from "../rich";
import { touch } from "../saving";
import type { Compose } from "../windows";

export function FromField({ one }: { one: Compose }) {
  const list = identities.value;
  const wrong = one.wrong.value.from;
  const id = `${one.key}-from`;
  if (list.length < 2 && !wrong) return null;
  const choose = (event: Event) => {
    const next = list.find((each) => each.id === (event.currentTarget as HTMLSelectElement).value);
    const draft = one.draft.peek();
    const before = identityOf(draft);
    if (!next) return;
    if (draft.rich) exchange(one, signatureHtml(next));
    else exchangePlain(one, exchangedSignature(fieldOf(one)?.value ?? draft.text, before, next));
    one.draft.value = { ...one.draft.peek(), identityId: next.id };
    one.wrong.value = { ...one.wrong.peek(), from: "" };
    touch(one);
  };
  return (
    <div class={`compose-line${wrong ? " faulty" : ""}`}>
      <label for={id}>{t("message.field.from")}</label>
      <select id={id} class="compose-from" value={identityOf(one.draft.value)?.id} aria-invalid={Boolean(wrong)} onChange={choose}>
        {list.map((each) => (
          <option key={each.id} value={each.id}>
            {written({ name: each.name || null, email: each.email })}
          </option>
        ))}
      </select>
      {wrong && (
        <p class="compose-wrong" role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}

function windowOf(one: Compose): Element | null {
  return document.getElementById(`${one.key}-from`)?.closest(".compose") ?? null;
}

function fieldOf(one: Compose): HTMLTextAreaElement | null {
  return windowOf(one)?.querySelector(".compose-plain") ?? null;
}

function exchangePlain(one: Compose, text: string): void {
  const field = fieldOf(one);
  if (field) field.value = text;
  one.draft.value = { ...one.draft.peek(), text };
}

// Where the signature before stands, else above what is quoted, else at the end.
function exchange(one: Compose, html: string): void {
  const root = windowOf(one)?.querySelector(".compose-text");
  if (!root) return;
  const next = document.importNode(safeFragment(html), true);
  const mark = next.querySelector(`.${SIGNATURE}`);
  const old = root.querySelector(`.${SIGNATURE}`);
  if (old && mark) old.replaceWith(mark);
  else if (old) old.remove();
  else {
    const quote = root.querySelector(":scope > .postroom-quote");
    root.insertBefore(next, quote);
  }
}
