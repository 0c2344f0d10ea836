import { expect, it } from "vitest";
import { doing, done, undoLast, undoable } from "./undo";

const nothing = async (): Promise<void> => {};

it("takes back what was done last, also while the server has not answered", async () => {
  const taken: string[] = [];
  done("first", async () => void taken.push("first"));
  let answer = (): void => {};
  const work = doing("second", new Promise<void>((told) => (answer = told)), async () => void taken.push("second"));
  const back = undoLast();
  expect(taken).toEqual([]);
  answer();
  await Promise.all([work, back]);
  expect(taken).toEqual(["second"]);
  await undoLast();
  expect(taken).toEqual(["second", "first"]);
});

it("has no way back from what has failed", async () => {
  await expect(doing("refused", Promise.reject(new Error("no")), nothing)).rejects.toThrow("no");
  expect(undoable.value).toEqual([]);
});
