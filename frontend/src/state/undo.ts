// What can be taken back, newest last. Every change of mail puts its reverse here.
import { signal } from "@preact/signals";
import { t } from "../i18n/words";
import { dismiss, problem, toast } from "./toasts";

interface Undoable {
  label: string;
  undo: () => Promise<void>;
  toastId: number;
}

const MOST = 50;
export const undoable = signal<readonly Undoable[]>([]);

/** Says what was done, with a way back. */
export function done(label: string, undo: () => Promise<void>): void {
  const one: Undoable = { label, undo, toastId: 0 };
  undoable.value = [...undoable.value.slice(1 - MOST), one];
  say(one);
}

/** As `done`, of work that is not over yet: it can be taken back from now on, and is said when it is so. Raises what the work raises. */
export async function doing(label: string, work: Promise<void>, undo: () => Promise<void>): Promise<void> {
  const one: Undoable = { label, toastId: 0, undo: () => work.then(undo) };
  undoable.value = [...undoable.value.slice(1 - MOST), one];
  try {
    await work;
  } catch (error) {
    undoable.value = undoable.value.filter((each) => each !== one);
    throw error;
  }
  if (undoable.value.includes(one)) say(one);
}

function say(one: Undoable): void {
  one.toastId = toast(one.label, { action: { label: t("undo.undo"), run: () => void undoLast(one.toastId) } });
}

/** Takes the last thing back, or that of a toast. */
export async function undoLast(toastId?: number): Promise<void> {
  const all = undoable.value;
  const one = toastId === undefined ? all.at(-1) : all.find((each) => each.toastId === toastId);
  if (!one) return;
  undoable.value = all.filter((each) => each !== one);
  dismiss(one.toastId);
  try {
    await one.undo();
    toast(t("undo.undone", { what: one.label }));
  } catch (error) {
    problem(error);
  }
}
