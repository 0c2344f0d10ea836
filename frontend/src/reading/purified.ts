// Sanitising in the browser, as the second of two (the server's is the first): no scripts, forms, frames, SVG or MathML; links open elsewhere; pictures
// are data, or come from our own door. What is quoted at the end is told apart, so that it can be folded away.
import DOMPurify from "dompurify";
import { mailLink } from "./mail_links";
import { type Deceptive, deceptive } from "./deceptive";

const FORBIDDEN = ["form", "input", "button", "select", "textarea", "iframe", "object", "embed", "base", "link", "meta", "title", "svg", "math", "video", "audio"];
const QUOTES = ".gmail_quote, .protonmail_quote, .yahoo_quoted, blockquote";
const MOST_LIES = 5;
const BOX = "data:image/gif;base64,R0lGODlhAQABAIAAAMzMzAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="; // the server's, for a picture that it has left out
const SHOWN = "img, table, hr, pre";

export interface Page {
  whole: TrustedHTML | string;
  /** Without what is quoted at the end; null where nothing is. */
  folded: TrustedHTML | string | null;
  deceptive: Deceptive[];
}

const policy = (globalThis as { trustedTypes?: { createPolicy: (name: string, rules: object) => { createHTML: (html: string) => TrustedHTML } } })
  .trustedTypes?.createPolicy("postroom", { createHTML: (html: string) => html });

/** Documents for a frame, with their policy. `pictures`: the address below which those of other hosts are had, "" for none. */
export function purified(html: string, pictures: string, dark: boolean): Page {
  const style = dark ? STYLE + DARK : STYLE;
  const body = DOMPurify.sanitize(html, { USE_PROFILES: { html: true }, FORCE_BODY: true, FORBID_TAGS: FORBIDDEN, ADD_ATTR: ["target"], RETURN_DOM: true }) as HTMLElement;
  for (const image of body.querySelectorAll("img")) {
    const from = image.getAttribute("src") ?? "";
    if (!from.startsWith("data:image/") && !(pictures && from.startsWith(pictures))) image.removeAttribute("src");
    image.removeAttribute("srcset");
    if (from === BOX) image.replaceWith(standIn(image));
  }
  const lies: Deceptive[] = [];
  for (const link of body.querySelectorAll("a[href]")) {
    const to = link.getAttribute("href") ?? "";
    if (to.startsWith("#")) {
      link.removeAttribute("href"); // the frame would load the page around it, and without an origin it cannot move that one
      continue;
    }
    if (/^mailto:/i.test(to)) link.setAttribute("href", mailLink(to));
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer nofollow");
    const lie = deceptive(link.textContent ?? "", to);
    if (lie && lies.length < MOST_LIES) lies.push(lie);
  }
  if (dark) whiteToPaper(body);
  const whole = page(body.innerHTML, pictures, style);
  const quote = quoted(body);
  quote?.remove();
  return { whole, folded: quote ? page(body.innerHTML, pictures, style) : null, deceptive: lies };
}

/** What is quoted at the very end, when something stands before it. */
export function quoted(body: Element): Element | null {
  const last = [...body.querySelectorAll(QUOTES)].filter((one) => !one.parentElement?.closest(QUOTES)).at(-1);
  if (!last || shows(body, last, "after") || !shows(body, last, "before")) return null;
  return last;
}

// Turned round, white would be black, darker than the paper around it: what says that it is white means the paper.
function whiteToPaper(body: HTMLElement): void {
  for (const one of body.querySelectorAll<HTMLElement>("[style], [bgcolor]")) {
    const said = one.style.backgroundColor || one.getAttribute("bgcolor") || "";
    if (WHITE.test(said)) one.style.backgroundColor = PAPER;
  }
}

// In the place of a picture that was left out: its words, in a box of its size.
function standIn(image: HTMLImageElement): HTMLElement {
  const box = image.ownerDocument.createElement("span");
  box.textContent = image.alt || " ";
  const width = Number(image.getAttribute("width")) || 0;
  const height = Number(image.getAttribute("height")) || 0;
  const size = `${width ? `width:${width}px;` : ""}${height ? `height:${Math.min(height, 400)}px;` : ""}`;
  box.setAttribute("style", `display:inline-block;box-sizing:border-box;max-width:100%;min-width:24px;min-height:20px;padding:1px 5px;overflow:hidden;border:1px dashed #999;color:#555;font:12px/1.4 sans-serif;${size}`);
  return box;
}

function shows(body: Element, of: Element, side: "before" | "after"): boolean {
  const range = of.ownerDocument.createRange();
  range.selectNodeContents(body);
  if (side === "after") range.setStartAfter(of);
  else range.setEndBefore(of);
  const found = range.cloneContents();
  for (const style of found.querySelectorAll("style")) style.remove();
  return (found.textContent ?? "").trim() !== "" || found.querySelector(SHOWN) !== null;
}

// The frame inherits the page's policy; this one is stricter.
function page(markup: string, pictures: string, style: string): TrustedHTML | string {
  const csp = `default-src 'none'; img-src data: ${pictures}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'`;
  const written =
    `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${csp}">` +
    `<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light"><style>${style}</style></head><body>${markup}</body></html>`;
  return policy ? policy.createHTML(written) : written;
}

const STYLE = "html{overflow-wrap:anywhere}body{margin:0}img{max-width:100%}";
// On a dark screen the server's document turns all colours round; of this one becomes the paper's (styles/tokens.css).
const PAPER = "#dde2e9";
const DARK = `@media screen{html:root{background:${PAPER}}}`;
const WHITE = /^\s*(?:white|#fff|#f{6}|#f[c-f]f[c-f]f[c-f]|rgb\(25[2-5], 25[2-5], 25[2-5]\))\s*$/i;
