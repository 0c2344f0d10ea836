// Why an email was found: its snippets, fetched for the rows that are shown, kept as long as the search is.
import { type Signal, signal } from "@preact/signals";
import { jmap } from "../../jmap/client";
import type { Filter } from "../../jmap/methods";
import type { Id } from "../../jmap/records";
import type { Excerpt } from "../../state/list";
import { pieces } from "./snippet_text";

declare module "../../jmap/methods" {
  interface Methods {
    "SearchSnippet/get": Method<
      { emailIds: Id[]; filter: Filter | null },
      { list: { emailId: Id; subject: string | null; preview: string | null }[]; notFound: Id[] | null }
    >;
  }
}

const AT_ONCE = 30;

/** A function that gives what is known of an email, and asks for what is not. */
export function excerptsOf(filter: Filter): (id: Id) => Excerpt | undefined {
  const known = new Map<Id, Signal<Excerpt | undefined>>();
  let wanted: Id[] = [];
  const fetchWanted = async () => {
    const ids = wanted;
    wanted = [];
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const { list } = await jmap.call("SearchSnippet/get", { emailIds: ids.slice(at, at + AT_ONCE), filter });
      for (const one of list) {
        const found = known.get(one.emailId);
        if (found) found.value = { subject: pieces(one.subject), preview: pieces(one.preview) };
      }
    }
  };
  return (id) => {
    let found = known.get(id);
    if (!found) {
      known.set(id, (found = signal<Excerpt | undefined>(undefined)));
      if (!wanted.length) queueMicrotask(() => void fetchWanted().catch(() => {})); // a row can be shown without
      wanted.push(id);
    }
    return found.value;
  };
}
