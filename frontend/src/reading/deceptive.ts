// Links that say one host and lead to another. Pure. What shows no address deceives nobody.
import { seen } from "../mail/people";

export interface Deceptive {
  shown: string;
  real: string;
}

const HOST = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}_-]{1,63}\.){1,10}\p{L}{2,24})(?=[/:?#\s]|$)/iu;

/** null where the words of a link name no host, or the one that it leads to. */
export function deceptive(words: string, href: string): Deceptive | null {
  const shown = HOST.exec(seen(words.slice(0, 300)))?.[1]?.toLowerCase();
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

// Under which countries sell names to everybody.
const SHARED = /^(?:ac|co|com|edu|go|gob|gov|ltd|mil|ne|net|nom|or|org|plc)\.[a-z]{2}$/;

// The last two labels: near enough for a warning; the third where everybody may have these.
function organisation(host: string): string {
  const labels = host.replace(/\.$/, "").split(".");
  return labels.slice(SHARED.test(labels.slice(-2).join(".")) ? -3 : -2).join(".");
}
