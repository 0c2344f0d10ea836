import { expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../../testing/fake_server";
import type { Card } from "./records";

stubBrowser();
vi.stubGlobal("navigator", { languages: ["en"] });
const { makeBook, makeTold, setMember } = await import("./changing");
const { undoLast } = await import("../../state/undo");

const card = (id: string, uid: string, more = {}) => ({ id, uid, ...more }) as unknown as Card;
const group = card("G", "g", { kind: "group", members: { old: true } });

it("puts two into a group at once, and takes one of them back", async () => {
  const asked = answerWith({});
  await Promise.all([setMember(group, card("C1", "urn:a/b"), true), setMember(group, card("C2", "c2"), true)]);
  await undoLast();
  const updates = asked.filter(([name]) => name === "ContactCard/set").map(([, args]) => (args["update"] as Record<string, object>)["G"]);
  expect(updates).toEqual([{ "members/urn:a~1b": true }, { "members/c2": true }, { "members/c2": null }]);
});

it("makes one of what is asked for twice before it is there", async () => {
  const created = ({ create }: Record<string, unknown>) => ({ created: Object.fromEntries(Object.keys(create as object).map((key) => [key, { id: "X" }])) });
  const asked = answerWith({ "ContactCard/query": () => ({ ids: [], total: 0 }), "ContactCard/set": created, "AddressBook/set": created });
  const berta = () => ({ name: { full: "Berta" } });
  expect(await Promise.all([makeTold(berta()), makeTold(berta())])).toEqual(["X", "X"]);
  await Promise.all([makeBook("Club"), makeBook("Club")]);
  const sets = () => asked.filter(([name]) => name.endsWith("/set")).map(([name]) => name);
  expect(sets()).toEqual(["ContactCard/set", "AddressBook/set"]);
  await makeTold(berta()); // later it is somebody else
  expect(sets()).toHaveLength(3);
});
