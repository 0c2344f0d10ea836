// What mailboxes are called behind `in:`: by their role, else by their path, since two may have one name. Pure.
import type { TreeNode } from "../../mail/mailbox_tree";
import type { Mailbox } from "../../jmap/records";

interface FolderName {
  mailbox: Mailbox;
  depth: number;
  /** What stands in the text of a search. */
  value: string;
}

export function folderNames(nodes: readonly TreeNode[], above = ""): FolderName[] {
  return nodes.flatMap(({ mailbox, depth, children }) => {
    const path = above + mailbox.name;
    return [{ mailbox, depth, value: mailbox.role ?? path }, ...folderNames(children, `${path}/`)];
  });
}

/** Which of them a text means, as the server reads it: its whole path, or the last word of only one. */
export function meant(names: readonly FolderName[], text: string): FolderName | undefined {
  const wanted = text.toLowerCase();
  const last = names.filter(({ mailbox }) => mailbox.name.toLowerCase() === wanted);
  return names.find(({ value }) => value.toLowerCase() === wanted) ?? (last.length === 1 ? last[0] : undefined);
}
