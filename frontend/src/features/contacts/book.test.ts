import { beforeEach, expect, it, vi } from "vitest";
import type { Id } from "../../jmap/records";

const GIVEN = 5000; // ids that the server gives in one answer
const ids = (count: number) => Array.from({ length: count }, (_, at) => `C${at}`);

beforeEach(() => void vi.resetModules()); // contacts are loaded once

it.each([[0, 0], [3, 3], [12_000, 12_000], [21_000, 20_000]])("of %i contacts it has %i, and says so where these are not all", async (count, shown) => {
  const { answerWith, stubBrowser } = await import("../../testing/fake_server");
  stubBrowser();
  vi.stubGlobal("navigator", { languages: ["en"] });
  answerWith({
    "ContactCard/query": ({ position, limit }) => {
      const from = Number(position ?? 0);
      return { ids: ids(count).slice(from, from + Math.min(Number(limit), GIVEN)), total: count };
    },
    "ContactCard/get": (args) => ({ state: "7", list: (args["ids"] as Id[]).map((id) => ({ id, uid: id })) }),
  });
  const { areMore, cards, loadContacts } = await import("./book");
  await loadContacts();
  expect([cards.value?.size, areMore.value]).toEqual([shown, shown < count]);
});
