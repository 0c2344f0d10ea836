// Below a conversation: the ways to answer its newest message.
import { t } from "../../i18n/words";
import { emailRow } from "../../state/emails";
import { openThread } from "../../state/thread";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { answer, forward } from "./commands";

export function ThreadEnd({ threadId }: { threadId: string }) {
  const open = openThread.value;
  const rows = open?.id === threadId ? open.emailIds.map(emailRow) : [];
  const last = rows.findLast((row) => row && !("$draft" in row.keywords));
  if (!last) return null;
  const choices: [string, () => Promise<void>][] = [
    ["reply", () => answer("reply", last.id)],
    ["reply-all", () => answer("reply-all", last.id)],
    ["forward", () => forward(false, last.id)],
  ];
  return (
    <div class="thread-answers">
      {choices.map(([name, run]) => (
        <button key={name} type="button" class="quiet" onClick={() => void run().catch(problem)}>
          <Icon name={name} />
          {t(`command.compose.${name}`)}
        </button>
      ))}
    </div>
  );
}
