// The search as a form: it shows what stands plainly in the text, and whatever is filled in is written into the text at once.
import { useEffect, useMemo, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { mailboxName, tree } from "../../state/mailboxes";
import { folderNames, meant } from "./folder_names";
import { type Base, type Field, type Values, valuesOf, withValues } from "./query_text";
import type { Parsed } from "./searching";

const TEXTS = ["from", "to", "subject", "words"] as const;
const SIZES = ["larger", "smaller"] as const;
const DAYS = ["after", "before"] as const;

export function SearchForm({ parsed, onType }: { parsed: Parsed | null; onType: (text: string) => void }) {
  const [base, setBase] = useState<Base>({ text: parsed?.given ?? "", terms: parsed?.terms ?? [] });
  const [values, setValues] = useState<Values>(valuesOf(base));
  const [own, setOwn] = useState(base.text); // what the form itself has written last
  useEffect(() => {
    if (!parsed || parsed.given === own) return; // somebody has typed into the box
    const next = { text: parsed.given, terms: parsed.terms };
    setBase(next);
    setValues(valuesOf(next));
    setOwn(parsed.given);
  }, [parsed]);
  const folders = useMemo(() => folderNames(tree.value), [tree.value]);
  const set = (field: Field, value: string) => {
    const next = { ...values, [field]: value };
    const text = withValues(base, next);
    setValues(next);
    setOwn(text);
    onType(text);
  };
  const field = (name: Field, more: Record<string, unknown> = {}) => (
    <label key={name}>
      <span>{t(`search.field.${name}`)}</span>
      <input class="field" value={values[name] ?? ""} onInput={(event) => set(name, event.currentTarget.value)} {...more} />
    </label>
  );
  return (
    <fieldset class="search-form">
      <legend class="unseen">{t("search.form")}</legend>
      {TEXTS.map((name) => field(name))}
      <label>
        <span>{t("search.field.in")}</span>
        <select class="field" value={meant(folders, values.in ?? "")?.value ?? ""} onChange={(event) => set("in", event.currentTarget.value)}>
          <option value="">{t("search.anywhere")}</option>
          {folders.map(({ mailbox, depth, value }) => (
            <option key={mailbox.id} value={value}>
              {"\u2003".repeat(depth) + mailboxName(mailbox)}
            </option>
          ))}
        </select>
      </label>
      <div class="pair">{DAYS.map((name) => field(name, { type: "date" }))}</div>
      <div class="pair">{SIZES.map((name) => field(name, { placeholder: "1M", pattern: "[0-9.]+ ?[kKmMgG]?" }))}</div>
      <label class="check">
        <input type="checkbox" checked={Boolean(values.attachment)} onChange={(event) => set("attachment", event.currentTarget.checked ? "attachment" : "")} />
        <span>{t("search.field.attachment")}</span>
      </label>
      <button type="submit" class="primary">
        {t("search.go")}
      </button>
    </fieldset>
  );
}
