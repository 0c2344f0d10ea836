// What a mouse finds at the end of the row that it is over: archive, delete, read or unread. Keys and toolbars have the same, and more.
import { t } from "../i18n/words";
import type { EmailRow } from "../jmap/records";
import { archive, remove, setSeen } from "../mail/actions";
import { source } from "../state/list";
import { roleId } from "../state/mailboxes";
import { problem } from "../state/toasts";
import { Icon } from "./Icon";

export function RowActions({ row, unread }: { row: EmailRow; unread: boolean }) {
  const box = source.value?.mailboxId;
  const settled = box !== undefined && (["archive", "drafts", "sent"] as const).some((role) => box === roleId(role));
  return (
    <span class="row-actions">
      {!settled && <Deed name="archive" icon="archive" work={() => archive([row.id])} />}
      <Deed name="delete" icon="trash" work={() => remove([row.id])} />
      <Deed name={unread ? "read" : "unread"} icon={unread ? "read" : "unread"} work={() => setSeen([row.id], unread)} />
    </span>
  );
}

function Deed({ name, icon, work }: { name: string; icon: string; work: () => Promise<void> }) {
  const title = t(`command.mail.${name}`);
  return (
    <button type="button" class="tool" tabIndex={-1} aria-label={title} title={title} onClick={() => void work().catch(problem)}>
      <Icon name={icon} />
    </button>
  );
}
