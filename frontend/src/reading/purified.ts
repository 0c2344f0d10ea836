// Sanitising in the browser, as the second of two (the server's is the first): no scripts, forms, frames, SVG or MathML; links open elsewhere.
import DOMPurify from "dompurify";

const FORBIDDEN = ["form", "input", "button", "select", "textarea", "iframe", "object", "embed", "base", "link", "meta", "svg", "math"];

const policy = (globalThis as { trustedTypes?: { createPolicy: (name: string, rules: object) => { createHTML: (html: string) => TrustedHTML } } })
  .trustedTypes?.createPolicy("postroom", { createHTML: (html: string) => html });

/** A whole document for a frame, with its policy. */
export function purified(html: string, csp: string): TrustedHTML | string {
  const clean = DOMPurify.sanitize(html, { USE_PROFILES: { html: true }, FORCE_BODY: true, FORBID_TAGS: FORBIDDEN, ADD_ATTR: ["target"], RETURN_TRUSTED_TYPE: false });
  const page =
    `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${csp}">` +
    '<meta name="referrer" content="no-referrer"><base target="_blank">' +
    `<style>${STYLE}</style></head><body>${clean}</body></html>`;
  return policy ? policy.createHTML(page) : page;
}

const STYLE =
  "html{color-scheme:light;background:#fff;color:#1d2430;font:15px/1.5 system-ui,sans-serif}body{margin:0;overflow-wrap:anywhere}img{max-width:100%;height:auto}";
