// What is not understood in a search: the text with the place marked, why, and what to write instead.
import type { Mistake, Parsed } from "./searching";

/** `typing`: the end is still being written, and what it could become is offered. */
export function Mistakes({ parsed, typing }: { parsed: Parsed | null; typing: boolean }) {
  const told = parsed?.errors.filter((one) => !typing || one.end < parsed.given.length);
  return (
    <div id="search-mistakes" role="status">
      {parsed && told?.map((one) => (
        <Told key={`${one.start} ${one.type}`} text={parsed.given} one={one} />
      ))}
    </div>
  );
}

function Told({ text, one }: { text: string; one: Mistake }) {
  const from = Math.max(0, one.start - 40);
  return (
    <div class="mistake">
      <p class="where">
        <bdi>
          {from > 0 && "…"}
          {text.slice(from, one.start)}
          <mark>{text.slice(one.start, one.end) || "\u00a0"}</mark>
          {text.slice(one.end, one.end + 40)}
        </bdi>
      </p>
      <p>{one.description}</p>
      {one.remedy && <p class="remedy">{one.remedy}</p>}
    </div>
  );
}
