// Above what was found: what was understood, term by term, each to be taken out; where it is no plain row of terms, as a sentence.
import { t } from "../../i18n/words";
import { source } from "../../state/list";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { type Term, isPlain, without } from "./query_text";
import { type Parsed, search, understoodOf } from "./searching";

export function FoundHead() {
  const parsed = understoodOf(source.value);
  if (!parsed) return null;
  const base = { text: parsed.given, terms: parsed.terms };
  if (!isPlain(base)) return <p class="found-head">{parsed.meaning}</p>;
  return (
    <ul class="found-head terms" aria-label={t("search.understood")}>
      {parsed.terms.map((term) => (
        <Chip key={term.start} term={term} parsed={parsed} />
      ))}
    </ul>
  );
}

function Chip({ term, parsed }: { term: Term; parsed: Parsed }) {
  const words = told(term);
  const base = { text: parsed.given, terms: parsed.terms };
  return (
    <li class={term.negated ? "not" : ""}>
      <bdi>{words}</bdi>
      {parsed.terms.length > 1 && (
        <button type="button" aria-label={t("search.take-out", { what: words })} onClick={() => void search(without(base, term)).catch(problem)}>
          <Icon name="close" />
        </button>
      )}
    </li>
  );
}

export function told(term: Term): string {
  const key = term.operator === "is" || term.operator === "has" ? `search.${term.operator}.${term.value}` : `search.term.${term.operator || "words"}`;
  const words = t(key, { value: term.value, of: term.header ?? "" });
  return term.negated ? t("search.not", { what: words }) : words;
}
