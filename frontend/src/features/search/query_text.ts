// The text of a search and a form that shows the same: the form reads what stands plainly in the text, and writes into it. Pure.
// Not here: the language itself, which the server reads (SearchQuery/parse); only brackets and quotes are looked at.

/** A term as the server tells it, with its place. */
export interface Term {
  operator: string;
  header: string | null;
  value: string;
  text: string;
  negated: boolean;
  meaning: string;
  start: number;
  end: number;
}

export interface Base {
  text: string;
  terms: readonly Term[];
}

/** What the form has a field for: names of operators, "words" for those without, "attachment" for has:attachment. */
export const FIELDS = ["from", "to", "subject", "words", "attachment", "in", "after", "before", "larger", "smaller"] as const;
export type Field = (typeof FIELDS)[number];
export type Values = Partial<Record<Field, string>>;

const BARE = /^[^\s(){}"\u201c\u201d\u201e]+$/;

/** The terms that stand side by side, in no brackets, behind no minus, and on no side of an OR. */
export function plainTerms({ text, terms }: Base): Term[] {
  return terms.filter((term, index) => {
    if (term.negated || depthAt(text, term.start) > 0) return false;
    const before = text.slice(terms[index - 1]?.end ?? 0, term.start);
    const behind = text.slice(term.end, terms[index + 1]?.start ?? text.length);
    return !/(^|\s)OR(\s|$)/.test(before) && !/(^|\s)OR(\s|$)/.test(behind);
  });
}

/** Whether nothing but such terms is in the text. */
export function isPlain(base: Base): boolean {
  return base.terms.every((term) => depthAt(base.text, term.start) === 0) && !/(^|\s)OR(\s|$)/.test(outside(base));
}

/** What the form shows of a text. */
export function valuesOf(base: Base): Values {
  const found: Values = {};
  const words: string[] = [];
  for (const term of plainTerms(base)) {
    const field = fieldOf(term);
    if (field === "words") words.push(base.text.slice(term.start, term.end));
    else if (field && found[field] === undefined) found[field] = term.value;
  }
  if (words.length) found.words = words.join(" ");
  return found;
}

/** The text with other values: what stood for a field before is replaced at its place, a new one goes to the end. */
export function withValues(base: Base, values: Values): string {
  const before = valuesOf(base);
  const plain = plainTerms(base);
  let text = base.text;
  const added: string[] = [];
  const cuts: { start: number; end: number; by: string }[] = [];
  for (const field of FIELDS) {
    const value = values[field]?.trim() ?? "";
    if (value === (before[field] ?? "")) continue;
    const made = value && written(field, value);
    const there = plain.filter((term) => fieldOf(term) === field);
    const replaced = field === "words" ? there : there.slice(0, 1);
    replaced.forEach((term, index) => cuts.push({ start: term.start, end: term.end, by: index ? "" : made }));
    if (made && !replaced.length) added.push(made);
  }
  for (const { start, end, by } of cuts.sort((a, b) => b.start - a.start)) text = text.slice(0, start) + by + text.slice(end);
  return [text, ...added].join(" ").replace(/\s+/g, " ").trim();
}

/** The text without one of its terms. */
export function without(base: Base, term: Term): string {
  const start = term.negated && /[-!]/.test(base.text[term.start - 1] ?? "") ? term.start - 1 : term.start;
  return (base.text.slice(0, start) + base.text.slice(term.end)).replace(/\s+/g, " ").trim();
}

/** A value as it is written behind an operator. */
export function quoted(value: string): string {
  return BARE.test(value) ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function written(field: Field, value: string): string {
  if (field === "words") return value;
  return field === "attachment" ? "has:attachment" : `${field}:${quoted(value)}`;
}

function fieldOf(term: Term): Field | null {
  if (term.header) return null;
  if (!term.operator) return "words";
  if (term.operator === "has") return "attachment";
  return (FIELDS as readonly string[]).includes(term.operator) ? (term.operator as Field) : null;
}

function depthAt(text: string, place: number): number {
  let depth = 0;
  let quote = false;
  for (let at = 0; at < place; at++) {
    const char = text[at]!;
    if (quote && char === "\\") at++;
    else if (/["\u201c\u201d\u201e]/.test(char)) quote = !quote;
    else if (!quote && "({".includes(char)) depth++;
    else if (!quote && ")}".includes(char)) depth--;
  }
  return depth;
}

function outside({ text, terms }: Base): string {
  let at = 0;
  const between = terms.map((term) => {
    const piece = text.slice(at, term.start);
    at = term.end;
    return piece;
  });
  return [...between, text.slice(at)].join(" ");
}
