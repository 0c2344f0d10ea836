// Whether a text speaks of something attached. Only what one has written oneself is looked at, not what is quoted. Pure.

const WORDS =
  /\b(?:attach(?:ed|ing|ments?)?|enclos(?:ed|ing|ures?)|angeh[aä]ngt\w*|anh[aä]nge?n?|im anhang|beigef[uü]gt\w*|anbei|anlagen?|beiliegend\w*|ci-joint\w*|pi[eè]ces? jointes?|adjunt\w*|in allegato|allegat\w*)\b|مرفق|المرفقات|ملحق/iu;

export function speaksOfAttachment(subject: string, text: string): boolean {
  const own = text
    .split("\n")
    .filter((line) => !line.startsWith(">"))
    .join("\n")
    .split(/^-{5,}.*-{5,}$/m)[0];
  return WORDS.test(`${subject.replace(/^\s*(?:re|aw|fwd?|wg)\s*:.*/i, "")}\n${own ?? ""}`);
}
