// The text/plain part of what stands in the editor: quotes with their marks, lists with dots and numbers, links with their addresses. RFC 3676 §4.
import { withoutLooseEnds } from "./line_ends";
import { SIGNATURE } from "./rich";

const BLOCKS = new Set("ADDRESS BLOCKQUOTE DIV DL DT DD FOOTER H1 H2 H3 H4 H5 H6 HEADER HR LI OL P PRE SECTION TABLE TR UL".split(" "));

export function plainOf(root: Node): string {
  const written = lines(root).join("\n").replace(/\u200b/g, "").replace(/\u00a0/g, " ");
  return withoutLooseEnds(written);
}

function lines(node: Node): string[] {
  const done: string[] = [];
  let line = null as string | null;
  for (const child of node.childNodes) {
    if (isBlock(child)) {
      if (line !== null) done.push(line);
      line = null;
      done.push(...block(child as Element));
    } else if (child.nodeName === "BR") {
      done.push(line ?? "");
      line = null;
    } else {
      const parts: string[] = inline(child).split("\n");
      for (const [index, part] of parts.entries()) {
        if (index) {
          done.push(line ?? "");
          line = null;
        }
        if (part || index === 0) line = (line ?? "") + part;
      }
      if (line !== null && line.trim() === "" && !done.length && child.nodeType === Node.TEXT_NODE && !/\u00a0/.test(child.nodeValue ?? "")) line = null;
    }
  }
  if (line !== null && line.trim() !== "") done.push(line);
  return done;
}

function isBlock(node: Node): boolean {
  return node instanceof Element && (BLOCKS.has(node.tagName) || [...node.children].some((child) => BLOCKS.has(child.tagName)));
}

function block(node: Element): string[] {
  if (node.tagName === "HR") return ["-".repeat(40)];
  if (node.tagName === "TR") return [[...node.children].map((cell) => lines(cell).join(" ").trim()).join(" \t").trim()];
  const inside = lines(node);
  if (node.tagName === "BLOCKQUOTE") return trimmed(inside).map((one) => (one.startsWith(">") ? `>${one}` : one ? `> ${one}` : ">"));
  if (node.tagName === "UL" || node.tagName === "OL") return listed(node);
  if (node.classList.contains(SIGNATURE) && inside[0] !== "-- ") return ["-- ", ...inside];
  if (node.tagName === "P" || /^H[1-6]$/.test(node.tagName)) return [...inside, ""];
  return inside.length ? inside : [""];
}

function trimmed(inside: string[]): string[] {
  const end = inside.findLastIndex((one) => one.trim() !== "") + 1;
  return inside.slice(0, end);
}

function listed(list: Element): string[] {
  const numbered = list.tagName === "OL";
  return [...list.children].flatMap((item, index) => {
    if (item.tagName !== "LI") return block(item).map((one) => `  ${one}`);
    const mark = numbered ? `${index + 1}. ` : "* ";
    return lines(item).map((one, at) => (at ? " ".repeat(mark.length) : mark) + one);
  });
}

function inline(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE) return (node.nodeValue ?? "").replace(/[ \t\r\n]+/g, " ");
  if (!(node instanceof Element) || node.tagName === "INPUT") return "";
  if (node.tagName === "BR") return "\n";
  if (node.tagName === "IMG") return node.getAttribute("alt") ? `[${node.getAttribute("alt") ?? ""}]` : "";
  const inside = [...node.childNodes].map(inline).join("");
  const href = node.tagName === "A" ? (node.getAttribute("href") ?? "") : "";
  const told = href.replace(/^mailto:/, "").replace(/\/$/, "");
  return href && !/^#/.test(href) && told !== inside.trim().replace(/\/$/, "") && inside.trim() ? `${inside} <${href}>` : inside;
}
