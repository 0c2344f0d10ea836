// Folders leave as mbox files.
import { number, t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { TreeNode } from "../../mail/mailbox_tree";
import { mailboxName, mailboxes, tree } from "../../state/mailboxes";
import { Entry } from "./Entry";
import { Section } from "./Section";

export function ExportPart() {
  return (
    <Section alone title={t("settings.export")} about={t("settings.export-about")}>
      <ul class="settings-list">
        {flat(tree.value).map(({ mailbox, depth }) => (
          <Entry key={mailbox.id} name={`${"– ".repeat(depth)}${mailboxName(mailbox)}`} facts={t("settings.export-emails", counted(mailboxes.value.get(mailbox.id)?.totalEmails ?? 0))}>
            <a class="quiet" href={`/mail/export/${jmap.accountId}/${mailbox.id}`} download aria-label={t("settings.export-one", { name: mailboxName(mailbox) })}>
              {t("settings.export-download")}
            </a>
          </Entry>
        ))}
      </ul>
    </Section>
  );
}

function counted(count: number) {
  return { count, number: number(count) };
}

function flat(nodes: readonly TreeNode[]): TreeNode[] {
  return nodes.flatMap((node) => [node, ...flat(node.children)]);
}
