// HTML of a message that may be put into its frame. The server sanitises (MessageHtml/get); the browser does it once more (DOMPurify, loaded when the
// first such message is opened). HTML that the server has not sanitised is never shown.
import { jmap } from "../jmap/client";
import type { Id } from "../jmap/records";
import type { Page } from "./purified";

interface Hosts {
  count: number;
  hosts: string[];
}

export interface MessageHtml {
  html: string;
  kind: "html" | "text" | "none";
  blocked: Hosts;
  shown: Hosts;
  trackers: Hosts;
  /** Of this message's own pictures those that the text shows. */
  shownParts: Id[];
  removed: Record<string, number>;
  isTruncated: boolean;
  isSimplified: boolean;
}

declare module "../jmap/methods" {
  interface Methods {
    "MessageHtml/get": Method<{ emailId: Id; allowRemote?: boolean; origin?: string; dark?: boolean; prefer?: "html" | "text" }, MessageHtml>;
  }
}

export interface SafeHtml extends Page {
  about: Omit<MessageHtml, "html">;
}

export interface Wish {
  remote: boolean; // pictures of other hosts, by our server
  dark: boolean;
}

const MOST_KEPT = 12;
const PERIOD_MS = 6 * 3_600_000; // in which a document is the same; the addresses of its pictures are good for a day
const kept = new Map<string, Promise<SafeHtml>>();

/** Rejects where the server has nothing to show. */
export function safeHtml(id: Id, wish: Wish): Promise<SafeHtml> {
  const key = `${id} ${wish.remote} ${wish.dark} ${Math.floor(Date.now() / PERIOD_MS)}`;
  const known = kept.get(key) ?? make(id, wish);
  kept.delete(key);
  kept.set(key, known);
  known.catch(() => kept.delete(key));
  for (const old of kept.keys()) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(old);
  }
  return known;
}

async function make(id: Id, wish: Wish): Promise<SafeHtml> {
  const asked = jmap.call("MessageHtml/get", { emailId: id, dark: wish.dark, ...(wish.remote ? { allowRemote: true, origin: location.origin } : {}) });
  const [{ html, ...about }, { purified }] = await Promise.all([asked, import("./purified")]);
  return { ...purified(html, wish.remote ? `${location.origin}/mail/image/` : "", wish.dark), about };
}
