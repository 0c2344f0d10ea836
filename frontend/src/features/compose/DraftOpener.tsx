// A draft that is opened in the mailbox of drafts is written further at once.
import { useEffect } from "preact/hooks";
import { emailRow } from "../../state/emails";
import { source } from "../../state/list";
import { roleId } from "../../state/mailboxes";
import { go } from "../../state/route";
import { openThread } from "../../state/thread";
import { problem } from "../../state/toasts";
import { writeFurther } from "./commands";

export function DraftOpener({ threadId }: { threadId: string }) {
  const thread = openThread.value;
  const ready = thread?.id === threadId && thread.ready;
  const here = source.value;
  const wanted = here?.mailboxId !== undefined && here.mailboxId === roleId("drafts");
  useEffect(() => {
    if (!ready || !wanted || !thread) return;
    const rows = thread.emailIds.map(emailRow).filter((row) => row !== undefined);
    const draft = rows.findLast((row) => "$draft" in row.keywords);
    if (!draft) return;
    void writeFurther(draft.id).catch(problem);
    if (rows.length === 1) go(here.path, true);
  }, [threadId, ready, wanted]);
  return null;
}
