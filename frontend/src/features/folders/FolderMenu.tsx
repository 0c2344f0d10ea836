// The menu of a mailbox, and the button that makes a new one.
import { t } from "../../i18n/words";
import type { Mailbox } from "../../jmap/records";
import { mailboxName } from "../../state/mailboxes";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { Popup } from "../../views/Popup";
import { asked } from "./asked";
import { isDiscarded, moveBelow, remove } from "./changing";

export function NewFolder() {
  const title = t("command.folders.new");
  return (
    <button type="button" class="quiet small" aria-label={title} title={title} onClick={() => (asked.value = { kind: "new", parent: null })}>
      <Icon name="plus" />
    </button>
  );
}

export function FolderMenu({ mailbox }: { mailbox: Mailbox }) {
  const { mayCreateChild, mayRename, mayDelete } = mailbox.myRights;
  if (mailbox.role) return null;
  const gone = isDiscarded(mailbox);
  return (
    <Popup label={t("folders.menu", { name: mailboxName(mailbox) })} button={<Icon name="more" />}>
      {mayCreateChild && !gone && <Item icon="plus" title={t("folders.inside")} run={() => (asked.value = { kind: "new", parent: mailbox })} />}
      {mayRename && <Item icon="draft" title={t("folders.rename")} run={() => (asked.value = { kind: "rename", mailbox })} />}
      {mayRename && mailbox.parentId !== null && <Item icon="up" title={t("folders.to-top")} run={() => moveBelow(mailbox, null)} />}
      {mayDelete && <Item icon="trash" title={t(gone ? "folders.delete-for-ever" : "folders.delete")} run={() => remove(mailbox)} />}
    </Popup>
  );
}

function Item({ icon, title, run }: { icon: string; title: string; run: () => unknown }) {
  return (
    <button type="button" onClick={() => void Promise.resolve(run()).catch(problem)}>
      <Icon name={icon} />
      {title}
    </button>
  );
}
