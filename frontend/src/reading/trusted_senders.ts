// Senders whose pictures are always shown: kept by the server with its user's other preferences.
import { prefer, preference } from "../state/preferences";
import { problem } from "../state/toasts";

const PART = "pictures";
const MOST = 500;

export function isTrusted(email: string): boolean {
  return email !== "" && known().includes(email.toLowerCase());
}

export function trust(email: string, always: boolean): void {
  const wanted = email.toLowerCase();
  const rest = known().filter((one) => one !== wanted);
  prefer(PART, (always ? [...rest, wanted] : rest).slice(-MOST)).catch(problem);
}

function known(): string[] {
  const found = preference<unknown>(PART, []);
  return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
}
