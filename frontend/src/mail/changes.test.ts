import { expect, test } from "vitest";
import { changed, isNothing, joined, patch, rebased, reverse } from "./changes";

const inbox = { keywords: { $seen: true as const }, mailboxIds: { I: true as const } };
const archive = { mailboxIds: { I: false, A: true } };

test("a change and its reverse are nothing together", () => {
  const star = { keywords: { $flagged: true }, ...archive };
  expect(isNothing(joined(inbox, star, reverse(inbox, star)))).toBe(true);
});

test("two changes become one", () => {
  expect(joined(inbox, archive, { keywords: { $seen: false }, mailboxIds: { A: false, T: true } })).toEqual({
    keywords: { $seen: false },
    mailboxIds: { I: false, T: true },
  });
});

test("paths are pointers", () => {
  expect(patch({ keywords: { "a/b~c": true, x: false } })).toEqual({ "keywords/a~1b~0c": true, "keywords/x": null });
});

test("what nobody has touched meanwhile is done", () => {
  expect(rebased(inbox, inbox, archive)).toEqual({ change: { keywords: {}, ...archive }, conflict: false });
});

test("where others have moved it, it stays, and its keywords change all the same", () => {
  const now = { keywords: {}, mailboxIds: { T: true as const } };
  expect(rebased(inbox, now, { ...archive, keywords: { $flagged: true, $seen: false } })).toEqual({
    change: { keywords: { $flagged: true }, mailboxIds: {} },
    conflict: true,
  });
});

test("what has been done already is no conflict", () => {
  const now = changed(inbox, archive);
  expect(rebased(inbox, now, archive)).toEqual({ change: { keywords: {}, mailboxIds: {} }, conflict: false });
});
