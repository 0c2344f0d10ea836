// Where a mailto: address leads: into a window of ours.
import { BASE } from "../state/route";

export function mailLink(mailto: string): string {
  return `${location.origin}${BASE}/compose?mailto=${encodeURIComponent(mailto)}`;
}
