// Where a mailto: address leads: into a window of ours, where writing is there; else to whatever the system has for it.
import { ROUTES } from "../features/table";
import { BASE } from "../state/route";

export function mailLink(mailto: string): string {
  const ours = ROUTES.some((route) => route.pattern === "/compose");
  return ours ? `${location.origin}${BASE}/compose?mailto=${encodeURIComponent(mailto)}` : mailto;
}
