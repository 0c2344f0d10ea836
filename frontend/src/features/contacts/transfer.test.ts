import { expect, it, vi } from "vitest";
import { answerWith, stubBrowser } from "../../testing/fake_server";
import type { ParsedFile } from "./records";

stubBrowser();
vi.stubGlobal("navigator", { languages: ["en"] });
const { takeIn } = await import("./transfer");

it("takes cards with pictures in requests that the server takes", async () => {
  const picture = { p: { kind: "photo", uri: `data:image/jpeg;base64,${"A".repeat(200_000)}` } };
  const cards = Array.from({ length: 100 }, (_, at) => ({ uid: `u${at}`, media: picture }));
  const steps: number[] = [];
  const asked = answerWith({
    "ContactCard/set": ({ create }) => ({ created: Object.fromEntries(Object.keys(create as object).map((key) => [key, { id: key }])) }),
  });
  const taken = await takeIn({ cards, complaints: [] } as unknown as ParsedFile, "B", (count) => steps.push(count));
  const sizes = asked.filter(([name]) => name === "ContactCard/set").map(([, args]) => JSON.stringify(args).length);
  expect(taken.added).toBe(100);
  expect(Math.max(...sizes)).toBeLessThan(5_000_000);
  expect(steps.at(-1)).toBe(100);
});
