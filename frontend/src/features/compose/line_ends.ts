// The ends of lines of what was written, and of the whole.

/** Without empty lines at the end, and without spaces at the ends of lines, but for one alone (as in `-- `). No pattern: it would try each space of a long run anew. */
export function withoutLooseEnds(text: string): string {
  const found = text.split("\n").map(withoutSpaces);
  while (found.at(-1) === "") found.pop();
  return found.join("\n");
}

function withoutSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === " " || line[end - 1] === "\t")) end--;
  return end > 0 && line.slice(end) === " " ? line : line.slice(0, end);
}
