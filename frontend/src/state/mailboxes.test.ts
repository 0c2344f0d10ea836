import { effect } from "@preact/signals";
import { beforeEach, expect, it, vi } from "vitest";
import { jmap } from "../jmap/client";
import type { Mailbox } from "../jmap/records";
import { answerWith, stubBrowser } from "../testing/fake_server";
import { loadMailboxes, loadRoles, mailboxState, mailboxes, refreshMailboxes, roleId, structure, tree } from "./mailboxes";

const RIGHTS = { mayAddItems: true };
const box = (id: string, more: object = {}) => ({ id, name: id, parentId: null, role: null, sortOrder: 0, unreadThreads: 0, myRights: RIGHTS, ...more }) as unknown as Mailbox;
const all = { state: "1", list: [box("F1", { role: "inbox" }), box("F2"), box("F3")], notFound: [] };
const nothing = { newState: "2", hasMoreChanges: false, created: [], updated: [], destroyed: [], updatedProperties: null };
const counted = { ...nothing, updated: ["F2"], updatedProperties: ["unreadThreads"] };
const one = { state: "2", list: [{ id: "F2", unreadThreads: 5 }], notFound: [] };
const get = (args: Record<string, unknown>): object => (args["ids"] === null ? all : one);

beforeEach(async () => {
  stubBrowser();
  answerWith({ "Mailbox/get": get });
  await loadMailboxes();
});

it("fetches the counts of what has changed, and nothing else", async () => {
  const asked = answerWith({ "Mailbox/changes": () => counted, "Mailbox/get": get });
  await refreshMailboxes();
  expect(mailboxes.value.get("F2")).toMatchObject({ name: "F2", unreadThreads: 5 });
  expect(asked.map(([name, args]) => [name, args["ids"]])).toEqual([["Mailbox/changes", undefined], ["Mailbox/get", undefined], ["Mailbox/get", undefined]]);
  expect(mailboxState).toBe("2");
});

it("has those with a role first, and never fewer again", async () => {
  answerWith({ "Mailbox/query": () => ({ ids: ["F1"] }), "Mailbox/get": () => ({ state: "1", list: [box("F1", { role: "inbox" })], notFound: [] }) });
  await loadRoles();
  expect(mailboxes.value.size).toBe(3); // all were there
});

it("makes the tree anew for nobody when only counts have changed", async () => {
  const before = [tree.value, structure.value, mailboxes.value.get("F1")];
  let roles = 0;
  const stop = effect(() => void (roleId("inbox"), roles++));
  answerWith({ "Mailbox/changes": () => counted, "Mailbox/get": get });
  await refreshMailboxes();
  expect([tree.value, structure.value, mailboxes.value.get("F1")].every((now, at) => now === before[at])).toBe(true);
  expect(roles).toBe(1);
  stop();
  mailboxes.value = new Map(mailboxes.value).set("F3", box("F3", { name: "renamed" }));
  expect(tree.value.map((node) => node.mailbox.name)).toEqual(["F1", "F2", "renamed"]);
});

it("fetches of thousands only those that were made, renamed or are gone", async () => {
  const told = { ...nothing, created: ["F9"], updated: ["F2"], destroyed: ["F3"] };
  const given = (args: Record<string, unknown>): object => {
    const path = (args["#ids"] as { path: string }).path;
    return { state: "2", list: [path === "/created" ? box("F9") : box("F2", { name: "renamed" })], notFound: [] };
  };
  const asked = answerWith({ "Mailbox/changes": () => told, "Mailbox/get": given });
  await refreshMailboxes();
  expect(tree.value.map((node) => node.mailbox.name)).toEqual(["F1", "F9", "renamed"]);
  expect(asked.some(([, args]) => args["ids"] === null)).toBe(false);
});

it("fetches all when there is more than can be told", async () => {
  const asked = answerWith({ "Mailbox/changes": () => ({ ...counted, hasMoreChanges: true }), "Mailbox/get": get });
  await refreshMailboxes();
  expect(asked.at(-1)?.[1]["ids"]).toBe(null);
});

it("fetches all when the server cannot tell any more", async () => {
  const tooLongAgo = () => {
    throw { type: "cannotCalculateChanges" };
  };
  const asked = answerWith({ "Mailbox/changes": tooLongAgo, "Mailbox/get": get });
  await refreshMailboxes();
  expect(asked.at(-1)?.[1]["ids"]).toBe(null);
  expect(mailboxState).toBe("1");
});

it("asks again when all were fetched meanwhile, which may be older or newer", async () => {
  const since: unknown[] = [];
  const changes = (args: Record<string, unknown>) => {
    since.push(args["sinceState"]);
    return since.length > 1 ? counted : nothing;
  };
  answerWith({ "Mailbox/changes": changes, "Mailbox/get": (args) => (args["ids"] === null ? { ...all, state: "7" } : one) });
  const refreshing = refreshMailboxes();
  await loadMailboxes();
  await refreshing;
  expect(since.at(-1)).toBe("7");
  expect(mailboxes.value.get("F2")?.unreadThreads).toBe(5);
});

it("keeps for a time without a connection what is shown now", async () => {
  const answered = vi.fn();
  jmap.keeper = { reached: () => {}, answered, answer: async () => new Map() };
  answerWith({ "Mailbox/changes": () => counted, "Mailbox/get": get });
  await refreshMailboxes();
  jmap.keeper = null;
  const [calls, answers] = answered.mock.calls.at(-1) as [{ name: string; args: object; callId: string }[], Map<string, { list: Mailbox[] }>];
  expect(calls).toMatchObject([{ name: "Mailbox/get", args: { ids: null } }]);
  expect(answers.get(calls[0]?.callId ?? "")?.list.map((box) => box.unreadThreads)).toEqual([0, 5, 0]);
});
