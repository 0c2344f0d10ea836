// Links that say one host and lead to another. Pure. What shows no address deceives nobody.

export interface Deceptive {
  shown: string;
  real: string;
}

const HOST = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}_-]{1,63}\.){1,10}\p{L}{2,24})(?=[/:?#\s]|$)/iu;

/** null where the words of a link name no host, or the one that it leads to. */
export function deceptive(words: string, href: string): Deceptive | null {
  const shown = HOST.exec(words.slice(0, 300))?.[1]?.toLowerCase();
  if (!shown || !/^https?:/i.test(href)) return null;
  let real: string;
  try {
    real = new URL(href).hostname;
    if (organisation(real) === organisation(new URL(`http://${shown}/`).hostname)) return null;
  } catch {
    return null;
  }
  return { shown, real };
}

// The last two labels: near enough for a warning; the third where the second is as short as "co".
function organisation(host: string): string {
  const labels = host.replace(/\.$/, "").split(".");
  const short = (labels.at(-2)?.length ?? 0) <= 3 && labels.length > 2;
  return labels.slice(short ? -3 : -2).join(".");
}
