// Text of `format=flowed` as lines of any length, quoted as people read it. RFC 3676 §4.4 (space-stuffing), §4.5 (quoting), §4.6 (DelSp).
// Pure; the same as the server's `message/mime/flowed.py`, for text that is shown as text.
import type { BodyPart } from "../jmap/records";

const SIGNATURE = "-- "; // its trailing space is no soft break, §4.3

/** The text of a part, its paragraphs put together if it is flowed. */
export function unflowed(part: Pick<BodyPart, "header:Content-Type">, text: string): string {
  const parameters = (part["header:Content-Type"] ?? "").toLowerCase().split(";").map((one) => one.replace(/[\s"]/g, ""));
  return parameters.includes("format=flowed") ? paragraphs(text, parameters.includes("delsp=yes")) : text;
}

function paragraphs(text: string, delsp: boolean): string {
  const told: string[] = [];
  let begun: string[] | null = null; // the lines so far of a paragraph that goes on
  let depth = 0;
  const end = () => {
    if (begun) told.push(quoted(depth, begun.join("")));
    begun = null;
  };
  for (const line of text.replace(/\r\n/g, "\n").split("\n")) {
    const marks = /^>*/.exec(line)?.[0].length ?? 0;
    const content = line.slice(marks).replace(/^ /, "");
    if (marks !== depth || content === SIGNATURE) end();
    depth = marks;
    const goesOn = content.endsWith(" ") && content !== SIGNATURE;
    begun ??= [];
    begun.push(goesOn && delsp ? content.slice(0, -1) : content);
    if (!goesOn) end();
  }
  end();
  return told.join("\n");
}

function quoted(depth: number, line: string): string {
  return depth ? `${">".repeat(depth)} ${line}` : line;
}
