// What a file exports another one uses: else it is the file's own. Names in tests count; `default` and whole features are read by the table.
import { expect, it } from "vitest";

const files = Object.entries(import.meta.glob<string>("./**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true }));
const words = files.map(([path, text]) => [path, new Set(text.match(/\w+/g))] as const);

it("exports nothing that only its own file uses", () => {
  const own = files.flatMap(([path, text]) =>
    [...text.matchAll(/^export (?:async )?(?:const|let|function|class|interface|type) (\w+)/gm)]
      .map((found) => found[1] ?? "")
      .filter((name) => !words.some(([other, used]) => other !== path && used.has(name)))
      .map((name) => `${path}: ${name}`),
  );
  expect(own).toEqual([]);
});
