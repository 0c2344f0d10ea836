// The row of an email that a page is about, when it was opened by its address.
import { useEffect } from "preact/hooks";
import { jmap } from "../../jmap/client";
import { type Id, ROW_PROPERTIES } from "../../jmap/records";
import { keepRows, peekRow } from "../../state/emails";
import { problem } from "../../state/toasts";

export function useEmail(id: Id): void {
  useEffect(() => {
    if (peekRow(id)) return;
    jmap.call("Email/get", { ids: [id], properties: ROW_PROPERTIES }).then(({ list }) => keepRows(list), problem);
  }, [id]);
}
