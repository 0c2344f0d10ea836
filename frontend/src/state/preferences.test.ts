import { expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../testing/fake_server";

stubBrowser(); // what is kept is read when it is loaded
const { loadPreferences, prefer, preference } = await import("./preferences");

it("takes back the part that was refused, and no other", async () => {
  vi.stubGlobal("navigator", { languages: ["en"] });
  answerWith({ "Preferences/set": (args) => (JSON.stringify(args).includes("density") ? { notUpdated: { singleton: { type: "tooLarge" } } } : { newState: "2" }) });
  const refused = prefer("density", "compact").catch((error: Error) => error.message);
  await Promise.all([refused, prefer("pictures", ["alice@crepes.test"])]);
  expect(await refused).toBe("tooLarge");
  expect([preference("density", "comfortable"), preference("pictures", [])]).toEqual(["comfortable", ["alice@crepes.test"]]);
});

it("keeps what is set while older values are on their way", async () => {
  let theme = "light";
  let [asked, setting] = [0, Promise.resolve()];
  answerWith({
    "Preferences/get": () => {
      if (!asked++) setting = prefer("theme", "dark");
      return { state: String(asked), list: [{ id: "singleton", values: { theme } }] };
    },
    "Preferences/set": () => {
      theme = "dark";
      return { newState: "9" };
    },
  });
  await loadPreferences();
  await setting;
  expect([preference("theme", ""), asked]).toEqual(["dark", 2]);
});

it("is as the server has it when several settings of one part were not heard", async () => {
  answerWith({ "Preferences/set": () => ({ newState: "9" }) });
  await prefer("density", "cosy");
  answerWith({ "Preferences/set": () => { throw { type: "serverUnavailable" }; } });
  await Promise.allSettled([prefer("density", "compact"), prefer("density", "wide")]);
  expect(preference("density", "")).toBe("cosy");
});
