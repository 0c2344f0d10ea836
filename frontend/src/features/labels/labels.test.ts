import { beforeEach, expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../../testing/fake_server";

stubBrowser(); // what is kept is read when these are loaded
vi.stubGlobal("navigator", { languages: ["en"] });
const { prefer } = await import("../../state/preferences");
const { labels, makeLabel } = await import("./labels");

beforeEach(() => void answerWith({}));

it("makes no label in the place of another", async () => {
  const all = Array.from({ length: 200 }, (_, at) => ({ keyword: `k${at}`, name: `Name ${at}`, hue: 0 }));
  await prefer("labels", all);
  await expect(makeLabel("One more")).rejects.toThrow("200");
  expect(labels()).toHaveLength(200);
  expect((await makeLabel("name 0")).keyword).toBe("k0");
});
