// Where we are: the address bar, as a signal. Every view has an address that can be kept and opened again.
import { signal } from "@preact/signals";

export const BASE = "/mail";

export interface Place {
  path: string; // below BASE, with its leading /
  query: URLSearchParams;
}

export const place = signal<Place>(here());

function here(): Place {
  const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : "/";
  return { path: path || "/", query: new URLSearchParams(location.search) };
}

export function go(path: string, replace = false): void {
  const url = BASE + path;
  if (url === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  place.value = here();
}

addEventListener("popstate", () => (place.value = here()));

/** A link of ours is followed without loading the page anew, unless another tab or window is wanted. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin || !link.pathname.startsWith(`${BASE}/`)) return;
  if (link.hash && link.pathname === location.pathname) return; // to a place of this page
  event.preventDefault();
  go(link.pathname.slice(BASE.length) + link.search);
}

// What is no encoding stands for itself: an address is whatever somebody has typed.
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The values of `/folder/:folder/:thread?` in a path, null where it does not fit. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/").slice(1);
  const given = path.replace(/\/$/, "").split("/").slice(1);
  if (given.length > wanted.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index];
    if (!part.startsWith(":")) {
      if (part !== value) return null;
    } else if (value) found[part.replace(/[:?]/g, "")] = decoded(value);
    else if (!part.endsWith("?")) return null;
  }
  return found;
}
