// HTML between a message and the editor. What comes in is made safe (DOMPurify, and a list of styles that keep to their place); pictures of the message are
// fetched from the server's own download, those of other hosts are kept as an address and not fetched. What goes out gets its cid: addresses back.
import DOMPurify from "dompurify";
import { jmap } from "../../jmap/client";
import type { Attached } from "./draft";

export const SIGNATURE = "postroom-signature";
export const QUOTE = "postroom-quote";
const OURS = new Set([SIGNATURE, QUOTE]);
const FORBIDDEN = ["form", "input", "button", "select", "textarea", "option", "iframe", "object", "embed", "base", "link", "meta", "style", "svg", "math", "video", "audio", "dialog", "template", "slot"];
const STYLES = /^(?:color|background-color|font(?:-family|-size|-style|-weight)?|text-(?:align|decoration(?:-line)?|indent)|line-height|direction|white-space|vertical-align|list-style-type|border(?:-(?:top|right|bottom|left|collapse|spacing|color|style|width|radius))?|padding(?:-\w+)?|margin(?:-\w+)?|width|max-width|height)$/;
const NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
const QUOTE_STYLE = "margin:0 0 0 .8ex;border-left:2px solid #b5bcc8;padding-left:1ex";

// Elements of the page's own document fetch their pictures at once, also when they are nowhere to be seen.
const INERT = document.implementation.createHTMLDocument("");
const RULES = { USE_PROFILES: { html: true }, FORBID_TAGS: FORBIDDEN, FORBID_ATTR: ["id", "name", "background", "srcset", "autofocus", "contenteditable", "tabindex", "popover"], ADD_ATTR: ["data-cid", "data-src"], ALLOW_DATA_ATTR: false };

/** Made safe; in a document that fetches no pictures. */
export function safeFragment(html: string): DocumentFragment {
  const fragment = INERT.importNode(DOMPurify.sanitize(html, { ...RULES, RETURN_DOM_FRAGMENT: true, RETURN_TRUSTED_TYPE: false }), true);
  for (const node of fragment.querySelectorAll("[style], [class], a[target]")) {
    keepStyles(node);
    keepOurs(node);
    node.removeAttribute("target");
  }
  return fragment;
}

function keepOurs(node: Element): void {
  const kept = [...node.classList].filter((name) => OURS.has(name));
  if (kept.length) node.className = kept.join(" ");
  else node.removeAttribute("class");
}

/** For what the editor has made itself and takes back: its marks of the selection are fields. */
export function trustedForUndo(html: string): string {
  const rules = { ...RULES, FORBID_TAGS: FORBIDDEN.filter((tag) => tag !== "input"), FORBID_ATTR: ["autofocus"], ADD_TAGS: ["input"] };
  return DOMPurify.sanitize(html, { ...rules, RETURN_TRUSTED_TYPE: true }) as unknown as string;
}

/** A message's HTML as it can be quoted: none of our own marks in it. */
export function quotable(html: string): string {
  const fragment = withoutMarks(html);
  for (const node of fragment.querySelectorAll("[class]")) node.removeAttribute("class");
  return serialized(fragment);
}

/** For the editor, which calls this for what it is given and for what is pasted: pictures of the message from the server, none of other hosts. */
export function shown(html: string, files: readonly Attached[]): DocumentFragment {
  const fragment = safeFragment(html);
  for (const picture of fragment.querySelectorAll("img")) {
    if (picture.hasAttribute("data-cid") || picture.hasAttribute("data-src")) continue; // moved within the editor
    const src = picture.getAttribute("src") ?? "";
    const cid = /^cid:(.+)$/i.exec(src)?.[1];
    if (cid) {
      const file = files.find((one) => one.cid === cid || one.cid === decoded(cid));
      picture.setAttribute("data-cid", cid);
      picture.setAttribute("src", file?.blobId ? jmap.downloadUrl(file.blobId, file.name, file.type) : NOTHING);
    } else if (!src.startsWith("data:")) {
      picture.setAttribute("data-src", src);
      picture.setAttribute("src", NOTHING);
    }
  }
  return document.importNode(fragment, true);
}

/** As it is sent: the editor's content with the addresses of its pictures as they were. */
export function outgoing(root: Element): string {
  const copy = INERT.importNode(root, true);
  for (const picture of copy.querySelectorAll("img")) {
    const cid = picture.getAttribute("data-cid");
    const src = picture.getAttribute("data-src");
    if (cid) picture.setAttribute("src", `cid:${cid}`);
    else if (src !== null) picture.setAttribute("src", src);
    picture.removeAttribute("data-cid");
    picture.removeAttribute("data-src");
  }
  for (const quote of copy.querySelectorAll("blockquote")) {
    quote.setAttribute("type", "cite");
    quote.setAttribute("style", QUOTE_STYLE);
  }
  return copy.innerHTML.replace(/\u200b/g, ""); // the editor's help for its cursor
}

/** Which pictures of a message its HTML shows. */
export function cidsIn(html: string): Set<string> {
  return new Set([...html.matchAll(/\bcid:([^"'\s>)]+)/gi)].flatMap((one) => [one[1] ?? "", decoded(one[1] ?? "")]));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function serialized(fragment: DocumentFragment): string {
  const box = INERT.createElement("div");
  box.append(fragment);
  return box.innerHTML;
}

// Of whichever document it is.
function isHtml(node: Element): node is HTMLElement {
  return "style" in node;
}

// Neither over the page nor out of it: no positions, no addresses.
function keepStyles(node: Element): void {
  if (!(isHtml(node)) || !node.hasAttribute("style")) return;
  const kept = [...node.style].filter((name) => STYLES.test(name) && !/url\(|expression|var\(/i.test(node.style.getPropertyValue(name)));
  const text = kept.map((name) => `${name}:${node.style.getPropertyValue(name)}`).join(";");
  if (text) node.setAttribute("style", text);
  else node.removeAttribute("style");
}

/** A draft's own HTML: with the marks of signature and quote. */
export function quotableDraft(html: string): string {
  return serialized(withoutMarks(html));
}

// The editor's own marks of pictures mean nothing in what comes from elsewhere.
function withoutMarks(html: string): DocumentFragment {
  const fragment = safeFragment(html);
  for (const node of fragment.querySelectorAll("[data-cid], [data-src]")) {
    node.removeAttribute("data-cid");
    node.removeAttribute("data-src");
  }
  return fragment;
}
