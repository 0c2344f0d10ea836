import { expect, it } from "vitest";
import { identityChanges } from "./identity_changes";
import type { Identity } from "./methods";

const identity: Identity = {
  id: "I", name: "Bob", email: "bob@l.test", mayDelete: false, textSignature: "Bob\r\nHamburger House\r\n", htmlSignature: "<b>Bob</b>",
  replyTo: [{ name: "Office", email: "office@l.test" }, { name: null, email: "alice@l.test" }],
};
const shown = { name: "Bob", signature: "Bob\nHamburger House\n", replyTo: "office@l.test" };

it("says only what was changed: the rest may be another window's, or more than is shown", () => {
  expect(identityChanges(identity, shown)).toEqual({});
  expect(identityChanges(identity, { ...shown, name: "Bob Burger " })).toEqual({ name: "Bob Burger" });
  expect(identityChanges(identity, { ...shown, replyTo: "" })).toEqual({ replyTo: null });
  expect(identityChanges(identity, { ...shown, replyTo: "new@l.test" })).toEqual({ replyTo: [{ name: null, email: "new@l.test" }] });
  expect(identityChanges(identity, { ...shown, signature: "Bob" })).toEqual({ textSignature: "Bob", htmlSignature: "" });
});
