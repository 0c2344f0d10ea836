// Several values of one kind, each with where it belongs: e-mail addresses, telephones, pages.
import { t } from "../../i18n/words";
import { Icon } from "../../views/Icon";
import type { Line } from "./editing";

interface Props {
  title: string;
  add: string;
  type: "email" | "tel" | "url";
  kinds: readonly string[];
  lines: readonly Line[];
  onChange: (lines: Line[]) => void;
}

export function LineFields({ title, add, type, kinds, lines, onChange }: Props) {
  const put = (at: number, values: Partial<Line>) => onChange(lines.map((one, index) => (index === at ? { ...one, ...values } : one)));
  return (
    <fieldset class="lines">
      <legend>{t(title)}</legend>
      {lines.map((line, at) => (
        <div key={at} class="line-field">
          <input class="field" type="text" inputMode={type} dir="ltr" aria-label={t(title)} autoFocus={!line.value} value={line.value} maxLength={500} onInput={(event) => put(at, { value: event.currentTarget.value })} />
          <select class="field" aria-label={t("contacts.kind")} value={line.kind} onChange={(event) => put(at, { kind: event.currentTarget.value })}>
            {kinds.map((kind) => <option key={kind} value={kind}>{t(`contacts.kind.${kind || "other"}`)}</option>)}
          </select>
          <button type="button" class="quiet" aria-label={t("contacts.remove", { what: line.value || t(title) })} onClick={() => onChange(lines.filter((_, index) => index !== at))}>
            <Icon name="close" />
          </button>
        </div>
      ))}
      <button type="button" class="tool framed" onClick={() => onChange([...lines, { key: "", value: "", kind: kinds[lines.length ? 0 : 1] ?? "" }])}>
        <Icon name="plus" />
        {t(add)}
      </button>
    </fieldset>
  );
}
