// Every language has every string, with the same places in it, and a form for each of its plurals; and no string stands outside the catalogues.
import { parseAst } from "vite";
import { expect, test } from "vitest";
import type { Catalogue, Entry } from "./words";

const files = import.meta.glob<Catalogue>("./*/*.json", { eager: true, import: "default" });
const views = Object.entries(import.meta.glob<string>("../**/*.tsx", { eager: true, query: "?raw", import: "default" }));
const languages = [...new Set(Object.keys(files).map((path) => path.split("/")[1] ?? ""))];
const SEEN = new Set(["aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "title", "placeholder", "alt", "label"]);
const NAMES = new Set(["Postroom", "TLS", "STARTTLS", "https://", "(c)", "(Ctrl+Enter)"]); // the same in every language

function catalogue(language: string): Catalogue {
  return Object.assign({}, ...Object.entries(files).filter(([path]) => path.startsWith(`./${language}/`)).map(([, one]) => one));
}

function places(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? ""))].sort();
}

function forms(entry: Entry): Record<string, string> {
  return typeof entry === "string" ? { other: entry } : entry;
}

const english = catalogue("en");

test("there are three languages", () => expect(languages.sort()).toEqual(["ar", "de", "en"]));

test.each(languages)("%s has the keys of English, each once", (language) => {
  const keys = Object.entries(files).filter(([path]) => path.startsWith(`./${language}/`)).flatMap(([, one]) => Object.keys(one));
  expect(keys.sort()).toEqual(Object.keys(english).sort());
});

test("every group of commands has its name in the help", () => {
  const groups = Object.keys(english).filter((key) => key.startsWith("command.")).map((key) => `keyboard.group.${key.split(".")[1]}`);
  expect(groups.filter((key) => !(key in english))).toEqual([]);
});

test.each(languages)("%s has the places of English and its own plurals", (language) => {
  const rules = [...new Intl.PluralRules(language).resolvedOptions().pluralCategories].sort();
  for (const [key, entry] of Object.entries(catalogue(language))) {
    const source = english[key] ?? "";
    const wanted = places(forms(source)["other"] ?? "");
    expect(typeof entry, key).toBe(typeof source);
    if (typeof entry !== "string") expect(Object.keys(entry).sort(), key).toEqual(rules);
    for (const [form, text] of Object.entries(forms(entry))) {
      const may = ["zero", "one", "two"].includes(form) ? wanted.filter((one) => one !== "count") : wanted;
      const found = places(text);
      expect(found.filter((one) => may.includes(one)), `${key} ${form}`).toEqual(may);
      expect(wanted, `${key} ${form}`).toEqual(expect.arrayContaining(found));
    }
  }
});

interface Node {
  type: string;
  [name: string]: unknown;
}

// What would be seen or read out: text between tags, and in attributes that are words.
function* words(node: unknown): Generator<string> {
  if (Array.isArray(node)) for (const one of node) yield* words(one);
  else if (node && typeof node === "object" && "type" in node) {
    const here = node as Node;
    if (here.type === "JSXText") yield String(here["value"]);
    if (here.type === "JSXExpressionContainer") yield* literals(here["expression"]);
    if (here.type === "JSXAttribute") {
      if (SEEN.has(String((here["name"] as Node)["name"]))) yield* literals(here["value"]);
      const value = here["value"] as Node | null;
      if (value?.type === "JSXExpressionContainer") yield* inside(value["expression"]);
      return;
    }
    for (const [name, value] of Object.entries(here)) if (name !== "parent") yield* words(value);
  }
}

function* inside(node: unknown): Generator<string> {
  for (const child of Object.values((node ?? {}) as Node)) if (child && typeof child === "object") yield* words(child);
}

function* literals(node: unknown): Generator<string> {
  const here = node as Node | null;
  if (here?.type === "Literal" && typeof here["value"] === "string") yield here["value"];
  if (here?.type === "TemplateLiteral") for (const one of here["quasis"] as { value: { raw: string } }[]) yield one.value.raw;
  if (here?.type === "ConditionalExpression") yield* [...literals(here["consequent"]), ...literals(here["alternate"])];
  if (here?.type === "LogicalExpression") yield* [...literals(here["left"]), ...literals(here["right"])];
  if (here?.type === "JSXExpressionContainer") yield* literals(here["expression"]);
}

test.each(views)("%s has no words of its own", (_path, text) => {
  const tree = parseAst(text, { lang: "tsx" });
  const found = [...words(tree)].map((text) => text.trim()).filter((text) => /\p{L}/u.test(text) && !NAMES.has(text) && !(text in english));
  expect(found).toEqual([]);
});
