// "Move to": all mailboxes, narrowed by typing.
import { useMemo } from "preact/hooks";
import { t } from "../../i18n/words";
import type { Mailbox } from "../../jmap/records";
import { moveTo } from "../../mail/actions";
import type { TreeNode } from "../../mail/mailbox_tree";
import { source } from "../../state/list";
import { mailboxName, tree } from "../../state/mailboxes";
import { ChoiceDialog } from "../../views/ChoiceDialog";
import { Icon } from "../../views/Icon";
import { mailboxIcon } from "../../views/mailbox_icon";
import { moving } from "./moving";

interface Choice {
  mailbox: Mailbox;
  path: string;
}

function choices(nodes: readonly TreeNode[], above = ""): Choice[] {
  return nodes.flatMap(({ mailbox, children }) => {
    const path = above + mailboxName(mailbox);
    return [{ mailbox, path }, ...choices(children, `${path} / `)];
  });
}

export function MoveMenu() {
  const ids = moving.value;
  return ids ? <Open onClose={() => (moving.value = null)} onChoose={({ mailbox }) => void moveTo(ids, mailbox.id)} /> : null;
}

// What is being written and what was sent have their places by themselves: there one moves nothing, but who types the name.
const OWN: readonly (string | null)[] = ["drafts", "sent"];

function Open({ onClose, onChoose }: { onClose: () => void; onChoose: (choice: Choice) => void }) {
  const all = useMemo(() => choices(tree.value), [tree.value]);
  const found = (wanted: string) =>
    all.filter(
      ({ mailbox, path }) =>
        mailbox.id !== source.value?.mailboxId &&
        mailbox.myRights.mayAddItems &&
        path.toLowerCase().includes(wanted.toLowerCase()) &&
        (wanted || !OWN.includes(mailbox.role)),
    );
  const draw = ({ mailbox, path }: Choice) => (
    <>
      <Icon name={mailboxIcon(mailbox)} />
      <span>{path}</span>
    </>
  );
  return (
    <ChoiceDialog
      title={t("move.title")}
      hint={t("move.filter")}
      none={t("move.none")}
      choices={found}
      keyOf={({ mailbox }) => mailbox.id}
      draw={draw}
      onChoose={onChoose}
      onClose={onClose}
    />
  );
}
