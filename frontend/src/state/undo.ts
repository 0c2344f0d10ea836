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
  const toastId = toast(label, { action: { label: t("undo.undo"), run: () => void undoLast(toastId) } });
  undoable.value = [...undoable.value.slice(1 - MOST), { label, undo, toastId }];
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
