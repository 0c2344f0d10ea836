import { expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../../testing/fake_server";

stubBrowser();
vi.stubGlobal("navigator", { languages: ["en"] });
const { loadIdentities } = await import("./identities");
const { pushed } = await import("../../state/sync");

it("has a signature that was changed just now, here or in another window", async () => {
  let signature = "old";
  const asked = answerWith({ "Identity/get": () => ({ list: [{ id: "I", email: "bob@l.test", textSignature: signature }] }) });
  expect((await loadIdentities())[0]?.textSignature).toBe("old");
  await loadIdentities();
  expect(asked).toHaveLength(1);
  signature = "new";
  pushed.value = { Identity: "2" };
  expect((await loadIdentities())[0]?.textSignature).toBe("new");
});
