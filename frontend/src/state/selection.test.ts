import { beforeEach, expect, it } from "vitest";
import type { EmailRow, Id } from "../jmap/records";
import { forgetAll, keepRows, keepThreads } from "./emails";
import { listShown, listed, source, touchList } from "./list";
import { cursor, mark, marked, targets, unmarkAll } from "./selection";

const row = (id: Id) => ({ id, threadId: `T${id[1]}`, keywords: {}, mailboxIds: { I: true } }) as unknown as EmailRow;
const window = () => listed.peek().window;

/** The server says that the list is another one. */
function changed(removed: Id[], added: { id: Id; index: number }[]): void {
  const total = window().total - removed.length + added.length;
  window().apply({ oldQueryState: "1", newQueryState: "1", removed, added, total } as never);
  touchList();
}

beforeEach(() => {
  forgetAll();
  unmarkAll();
  cursor.value = -1;
  listShown.value = true;
  source.value = { key: "inbox", path: "/", title: "Inbox", filter: {} };
  window().clear();
  window().fill({ queryState: "1", canCalculateChanges: true, position: 0, ids: ["M1", "M2", "M3"], total: 3 });
  keepRows(["M1", "M2", "M3", "M9", "M2a"].map(row));
  keepThreads(["T1", "T2", "T3", "T9"].map((id) => ({ id, emailIds: [id.replace("T", "M")] })));
  cursor.value = 1;
});

it("stays with its row when others come and go", () => {
  changed([], [{ id: "M9", index: 0 }]);
  expect(targets()).toEqual(["M2"]);
  changed(["M1", "M9"], []);
  expect([targets(), cursor.value]).toEqual([["M2"], 0]);
});

it("goes to the next when its own leaves", () => {
  window().without(["M2"]);
  touchList();
  expect(targets()).toEqual(["M3"]);
});

it("goes along with a conversation to which an answer comes, as soon as that is known", () => {
  mark("M2");
  changed(["M2"], [{ id: "M2a", index: 0 }]);
  keepThreads([{ id: "T2", emailIds: ["M2", "M2a"] }]);
  touchList();
  expect([cursor.value, [...marked.value]]).toEqual([0, ["M2a"]]);
  unmarkAll();
  expect(targets()).toEqual(["M2a"]);
});
