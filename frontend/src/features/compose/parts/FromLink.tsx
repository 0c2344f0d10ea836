// /mail/compose?mailto=…: what a mailto: link of another page asks for; then the inbox, with the window over it.
import { useEffect } from "preact/hooks";
import { go } from "../../../state/route";
import { problem } from "../../../state/toasts";
import { openMailto } from "../open";

export default function FromLink({ query }: { query: URLSearchParams }) {
  useEffect(() => {
    void openMailto(query.get("mailto") ?? "").catch(problem);
    go("/folder/inbox", true);
  }, []);
  return null;
}
