// What lets somebody in wants a fresh proof: where the server asks for it, so does the page, and the work is done again.
import { signal } from "@preact/signals";
import { MethodError } from "../../jmap/client";

const NEEDED = "confirmationNeeded";

/** Told whether the proof was given. */
export const wanted = signal<((given: boolean) => void) | null>(null);

/** Raises what `work` does; Unconfirmed when its user did not want to show that it is he. */
export async function confirmed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MethodError) || error.type !== NEEDED) throw error;
  }
  if (!(await new Promise<boolean>((resolve) => (wanted.value = resolve)))) throw new Unconfirmed();
  return work();
}

export class Unconfirmed extends Error {}

export function answer(given: boolean): void {
  const told = wanted.peek();
  wanted.value = null;
  told?.(given);
}
