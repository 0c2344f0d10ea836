// Plain text as people read it: paragraphs, quotations folded by their depth, links found. Pure; never HTML.

export type Piece = { text: string } | { text: string; href: string };
export type Block = { kind: "text" | "signature"; pieces: Piece[] } | { kind: "quote"; blocks: Block[] };

// A name before an @ begins where no longer one does, and has at most 64 octets (RFC 5321 §4.5.3.1.1): else a text of dots takes for ever.
const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?')\]}]|\b(?<!\w[.+-])\w[\w.+-]{0,63}@[\w-]+(?:\.[\w-]+)+\b/g;
const MOST_DEPTH = 20;
const MOST_BLOCKS = 2000; // a page of more takes minutes to draw; what is behind them is text as it stands

export function blocksOf(text: string, depth = 0, room = { left: MOST_BLOCKS }): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let quoted: string[] = [];
  let signature = false;
  const flush = () => {
    if (lines.length) blocks.push({ kind: signature ? "signature" : "text", pieces: piecesOf(lines.join("\n")) });
    if (lines.length) room.left--;
    lines = [];
  };
  const flushQuoted = () => {
    if (quoted.length) blocks.push({ kind: "quote", blocks: blocksOf(quoted.join("\n"), depth + 1, room) });
    quoted = [];
  };
  for (const line of text === "" ? [] : text.split("\n")) {
    if (depth < MOST_DEPTH && room.left > 0 && /^>/.test(line)) {
      flush();
      quoted.push(line.replace(/^> ?/, ""));
      continue;
    }
    flushQuoted();
    if (line === "-- ") {
      flush();
      signature = true;
    }
    lines.push(line);
  }
  flush();
  flushQuoted();
  return blocks;
}

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const found of text.matchAll(LINK)) {
    if (found.index > at) pieces.push({ text: text.slice(at, found.index) });
    pieces.push({ text: found[0], href: found[0].includes("://") ? found[0] : `mailto:${found[0]}` });
    at = found.index + found[0].length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}
