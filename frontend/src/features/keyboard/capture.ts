// Keys that are pressed to be chosen. Pure.
const ALONE = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Dead", "Unidentified", "Process"]);
const MOST = 2;

/** What was pressed so far with one more key; a third one begins anew. */
export function addKey(before: string, key: string): string {
  if (ALONE.has(key) || key === "Backspace") return key === "Backspace" ? "" : before;
  const name = key === " " ? "Space" : key;
  const parts = before ? before.split(" ") : [];
  return parts.length < MOST ? [...parts, name].join(" ") : name;
}
