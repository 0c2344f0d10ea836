// A message's frame on paper: as high as its text is between the margins of a page, and what is wider than that made smaller. No script runs once the
// pages are laid out, so it is measured before.

const WIDTH = 680; // pixels between the margins of A4 and of Letter

/** Measures `frame`, and tells the sheet (styles/print.css) by `holder`. */
export function fitPaper(frame: HTMLIFrameElement, holder: HTMLElement): void {
  const root = frame.contentDocument?.documentElement;
  const body = frame.contentDocument?.body;
  if (!root || !body) return;
  const inlineSize = (pixels: number) => (frame.style.inlineSize = `${pixels}px`);
  inlineSize(WIDTH);
  const width = Math.max(WIDTH, root.scrollWidth);
  inlineSize(width);
  holder.style.setProperty("--paper-width", `${width}px`);
  holder.style.setProperty("--paper-height", `${Math.ceil(body.getBoundingClientRect().height)}px`);
  holder.style.setProperty("--paper-zoom", String(WIDTH / width));
  frame.style.inlineSize = "";
}
