// What could be typed next: operators, and what some of them take. Pure.
import { quoted } from "./query_text";

/** Operators in the order in which they are offered; the words for each are `search.operator.NAME`. */
const OPERATORS = [
  "from", "to", "subject", "in", "is", "has", "before", "after", "older_than", "newer_than", "label", "larger", "smaller", "body", "cc", "bcc", "on", "under",
  "list", "deliveredto", "replyto", "rfc822msgid", "header",
] as const;

const STATES = ["unread", "read", "starred", "unstarred", "answered", "unanswered", "forwarded", "draft", "important", "muted"];

export interface Suggestion {
  /** What stands in the box when it is taken. */
  text: string;
  shown: string;
  /** The key of the words beside it, or "". */
  words: string;
}

/** For a text with the cursor at its end. `names`: mailboxes and labels by operator. */
export function suggestions(text: string, names: Readonly<Record<string, readonly string[]>>, most = 6): Suggestion[] {
  const found = /(^|[\s({])([-!]?)([^\s(){}"]*)$/.exec(text);
  const word = found?.[3] ?? "";
  if (!found || !word) return [];
  const before = text.slice(0, text.length - word.length);
  const colon = word.indexOf(":");
  if (colon < 0) {
    const begun = OPERATORS.filter((name) => name.startsWith(word.toLowerCase()));
    return begun.slice(0, most).map((name) => ({ text: `${before}${name}:`, shown: `${name}:`, words: `search.operator.${name}` }));
  }
  const operator = word.slice(0, colon);
  const typed = word.slice(colon + 1).toLowerCase();
  const values = { is: STATES, has: ["attachment"], ...names }[operator] ?? [];
  return values
    .filter((value) => value.toLowerCase().includes(typed) && value.toLowerCase() !== typed)
    .slice(0, most)
    .map((value) => {
      const made = `${operator}:${quoted(value)}`;
      return { text: `${before}${made} `, shown: made, words: "" };
    });
}
