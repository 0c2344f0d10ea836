// Searching in one language, by text or by form.
import { effect } from "@preact/signals";
import type { Feature } from "../feature";
import { match, place } from "../../state/route";
import { FoundHead } from "./FoundHead";
import { SearchBox, focusSearch } from "./SearchBox";
import { PATTERN, listOf, parse, show, typed } from "./searching";
import "./search.css";

export const search: Feature = {
  name: "search",
  routes: [{ pattern: PATTERN, list: ({ query = "" }) => listOf(query) }],
  commands: [{ id: "search.focus", keys: ["/"], icon: "search", run: focusSearch }],
  slots: { "top.search": [SearchBox], "list.head": [FoundHead] },
  // The box says what the list shows, also when one goes back, and nothing where it shows no search.
  start: () => {
    let before = "";
    effect(() => {
      const query = match(PATTERN, place.value.path)?.["query"] ?? "";
      if (query === before) return;
      before = query;
      if (query) void parse(query).then(show);
      else typed.value = "";
    });
  },
};
