// The text of a message as text, whatever it was written in. Pure but for the browser's parser, which runs nothing of what it parses.
import type { EmailBody } from "../jmap/records";
import { unflowed } from "./flowed";

const BLOCKS = new Set("ADDRESS ARTICLE BLOCKQUOTE DIV DL DT DD FOOTER H1 H2 H3 H4 H5 H6 HEADER HR LI OL P PRE SECTION TABLE TR UL".split(" "));
const UNSEEN = new Set("SCRIPT STYLE HEAD TITLE TEMPLATE NOSCRIPT OBJECT SVG MATH".split(" "));

export function plainText(body: EmailBody): string {
  return body.textBody
    .map((part) => {
      const value = part.partId === null ? undefined : body.bodyValues[part.partId];
      if (!value) return "";
      return part.type === "text/html" ? textOf(value.value) : unflowed(part, value.value);
    })
    .join("\n")
    .replace(/\r\n/g, "\n")
    .trim();
}

function textOf(html: string): string {
  return tidied(write(parse(html).body));
}

/** Without spaces at the ends of lines, and with one empty line where there were several. Line by line: a pattern would try each space of a long run anew. */
export function tidied(text: string): string {
  const lines = text.split("\n").map((line) => line.trimEnd());
  return lines.join("\n").replace(/\n{3,}/g, "\n\n").trim();
}

// Parsed documents are inert: no scripts, no pictures (HTML, "DOMParser"). Trusted Types want to be told so all the same.
function parse(html: string): Document {
  return new DOMParser().parseFromString(inert(html), "text/html");
}

interface Factory {
  createPolicy: (name: string, rules: { createHTML: (html: string) => string }) => { createHTML: (html: string) => unknown };
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("postroom-text", { createHTML: (html) => html });

function inert(html: string): string {
  return (policy ? policy.createHTML(html) : html) as string;
}

function write(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE) return (node.nodeValue ?? "").replace(/\s+/g, " ");
  if (!(node instanceof Element) || UNSEEN.has(node.tagName.toUpperCase())) return "";
  if (node.tagName === "BR") return "\n";
  const inside = [...node.childNodes].map(write).join("");
  if (node.tagName === "LI") return `\n• ${inside.trim()}\n`;
  if (node.tagName === "TD" || node.tagName === "TH") return `${inside} `;
  return BLOCKS.has(node.tagName) ? `\n${inside}\n` : inside;
}
