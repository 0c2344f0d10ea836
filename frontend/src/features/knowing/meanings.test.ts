import { afterEach, expect, it } from "vitest";
import { language } from "../../i18n/words";
import { fetchWords, meaningIn } from "./meanings";

const refused = { text: "Refused. 5.1.1: there is no such mailbox.", source: "", names: ["code.550", "detail.1.1", "5.1.1"] };

afterEach(() => void (language.value = "en"));

it("has the server's words in English, and where nothing is known", async () => {
  expect(meaningIn(refused)).toEqual({ text: refused.text, lang: "en" });
  language.value = "de";
  await fetchWords("de");
  expect(meaningIn({ text: "New.", source: "", names: ["code.999"] })).toEqual({ text: "New.", lang: "en" });
  expect(meaningIn({ text: "Kept from before.", source: "" })).toEqual({ text: "Kept from before.", lang: "en" });
});

it.each([
  ["de", "Abgelehnt: Das Postfach gibt es nicht, oder die Regeln des Servers verbieten es. 5.1.1: ein solches Postfach gibt es nicht."],
  ["ar", "مرفوض: لا يوجد صندوق بريد كهذا، أو تمنعه قواعد الخادم. 5.1.1: لا يوجد صندوق بريد كهذا."],
])("says in %s what a reply and its code mean", async (lang, text) => {
  language.value = lang;
  await fetchWords(lang);
  await expect.poll(() => meaningIn(refused)).toEqual({ text, lang });
});
