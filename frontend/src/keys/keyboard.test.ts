import { expect, it, vi } from "vitest";
import type { Command } from "../commands/command";

vi.mock("../state/preferences", () => ({ preference: (_: string, otherwise: unknown) => otherwise, prefer: () => Promise.resolve() }));
vi.stubGlobal("HTMLElement", class {});
vi.stubGlobal("document", { querySelector: () => null });
const { Keyboard } = await import("./keyboard");

const pressed = (key: string, timeStamp: number) => ({ key, timeStamp, target: null }) as unknown as KeyboardEvent;

function world() {
  const done: string[] = [];
  let come = () => {};
  const commands: Command[] = [
    { id: "a.write", keys: ["r"], opens: true, run: () => (done.push("write"), new Promise<void>((resolve) => (come = resolve))) },
    { id: "a.archive", keys: ["e"], run: () => (done.push("archive"), new Promise<void>(() => {})) },
  ];
  return { done, keyboard: new Keyboard(commands), come: async () => (come(), new Promise((resolve) => setTimeout(resolve))) };
}

it("takes keys for what they are meant for while a window is on its way", async () => {
  const { done, keyboard, come } = world();
  expect(["r", "e", "r"].map((key) => keyboard.press(pressed(key, 1)))).toEqual([true, true, true]);
  expect(done).toEqual(["write"]);
  await come();
  keyboard.press(pressed("e", 2));
  keyboard.press(pressed("e", 3)); // nothing opens: the next one need not wait
  expect(done).toEqual(["write", "archive", "archive"]);
});

it("does not wait for a window for ever", () => {
  const { done, keyboard } = world();
  keyboard.press(pressed("r", 1));
  keyboard.press(pressed("e", 60_000));
  expect(done).toEqual(["write", "archive"]);
});
