// A message's HTML in a frame of its own: no scripts, no origin, nothing from elsewhere; links open in new tabs.
// A frame without an origin cannot tell how high it is. So the same document stands a second time in an unseen frame of the same width, which has our
// origin, but no scripts, no windows and no forms: that one can be measured. What is shown never has an origin.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words";
import { fitPaper } from "./on_paper";

const LEAST = 40;
const MOST = 30_000; // pixels; beyond it the frame scrolls by itself

export function HtmlFrame({ html }: { html: TrustedHTML | string }) {
  const [height, setHeight] = useState(LEAST);
  const measured = useRef<HTMLIFrameElement>(null);
  useLayoutEffect(() => setHeight(LEAST), [html]);
  useEffect(() => {
    const frame = measured.current;
    if (!frame) return;
    const observer = new ResizeObserver(() => measure());
    const measure = () => {
      const body = frame.contentDocument?.body;
      if (body) setHeight(Math.min(MOST, Math.max(LEAST, Math.ceil(body.getBoundingClientRect().height + sideways(frame)))));
    };
    const loaded = () => {
      const body = frame.contentDocument?.body;
      if (body) observer.observe(body);
      measure();
    };
    const print = () => frame.parentElement && fitPaper(frame, frame.parentElement);
    addEventListener("beforeprint", print);
    frame.addEventListener("load", loaded);
    if (frame.contentDocument?.readyState === "complete") loaded();
    return () => {
      removeEventListener("beforeprint", print);
      frame.removeEventListener("load", loaded);
      observer.disconnect();
    };
  }, [html]);
  return (
    <div class="html-holder">
      <iframe class="html-measure" sandbox="allow-same-origin" srcdoc={html as string} ref={measured} aria-hidden="true" tabIndex={-1} title="" />
      <iframe
        class="html-body"
        title={t("message.text")}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        referrerpolicy="no-referrer"
        srcdoc={html as string}
        style={{ blockSize: `${height}px` }}
      />
    </div>
  );
}

// Room for the bar with which what is too wide is moved.
function sideways(frame: HTMLIFrameElement): number {
  const root = frame.contentDocument?.documentElement;
  return root && root.scrollWidth > root.clientWidth ? 18 : 0;
}
