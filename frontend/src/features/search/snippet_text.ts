// A search snippet (RFC 8621 §5) as pieces of text, every other one marked. Pure: nothing of it is ever markup again.
const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Null where nothing is marked. */
export function pieces(snippet: string | null): string[] | null {
  if (!snippet?.includes("<mark>")) return null;
  return snippet.split(/<\/?mark>/).map(unescaped);
}

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name) return NAMED[name] ?? whole;
    const code = decimal ? parseInt(decimal, 10) : parseInt(hex ?? "", 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
