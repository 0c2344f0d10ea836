// Addresses as people write and paste them: "Bob <bob@hamburger.test>, alice@crepes.test". Pure; the server has the last word on what is an address.
import type { Address } from "../../jmap/records";

const SHAPE = /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$|^"(?:[^"\\]|\\.)*"@[^\s@<>,;:"]+$/;

/** Whether it can be one. */
export function isAddress(email: string): boolean {
  return SHAPE.test(email) && !email.includes("..") && !email.endsWith(".");
}

/** Addresses with what stands between them: commas, semicolons, line ends; in quotes and angle brackets these are letters. */
export function parseAddresses(text: string): Address[] {
  return pieces(text).map(parseOne).filter((one) => one.email !== "");
}

function pieces(text: string): string[] {
  const found: string[] = [];
  let piece = "";
  let quoted = false;
  let angle = false;
  for (const letter of text.match(/\\?[^]/gu) ?? []) {
    if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === "<") angle = true;
    else if (!quoted && letter === ">") angle = false;
    if (!quoted && !angle && /[,;\n\r]/.test(letter)) {
      found.push(piece);
      piece = "";
    } else piece += letter;
  }
  found.push(piece);
  return found.map((one) => one.trim()).filter(Boolean);
}

function parseOne(text: string): Address {
  const bracketed = /^(.*?)<\s*([^<>]*?)\s*>\s*$/s.exec(text);
  if (bracketed) return { name: unquoted(bracketed[1] ?? "") || null, email: cleaned(bracketed[2] ?? "") };
  const last = /^(.*\S)\s+(\S+@\S+)$/s.exec(text); // a name and an address without brackets
  if (last && isAddress(last[2] ?? "") && !text.startsWith('"')) return { name: unquoted(last[1] ?? "") || null, email: last[2] ?? "" };
  return { name: null, email: cleaned(text) };
}

function cleaned(email: string): string {
  return email.trim().replace(/^mailto:/i, "");
}

function unquoted(name: string): string {
  const bare = name.trim();
  return (bare.startsWith('"') && bare.endsWith('"') && bare.length > 1 ? bare.slice(1, -1).replace(/\\(.)/g, "$1") : bare).trim();
}

/** As it is written in a text; a name with anything special in quotes. */
export function written({ name, email }: Address): string {
  if (!name) return email;
  return `${/^[\p{L}\p{M}\p{N} '._-]+$/u.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`} <${email}>`;
}

/** What is the same for two ways to write an address; the left side is taken without regard to case, as everybody does. */
export function keyOf(email: string): string {
  return email.trim().toLowerCase();
}

/** Each address once, the first of it. */
export function eachOnce(list: readonly Address[]): Address[] {
  return [...new Map([...list].reverse().map((one) => [keyOf(one.email), one])).values()].reverse();
}

/** Those that are not in the other list. */
export function without(list: readonly Address[], others: readonly Address[]): Address[] {
  const gone = new Set(others.map((one) => keyOf(one.email)));
  return list.filter((one) => !gone.has(keyOf(one.email)));
}
