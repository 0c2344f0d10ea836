// Mailboxes in the order in which they are shown: those with a role first, the rest by name, children below their parents.
import type { Id, Mailbox, Role } from "../jmap/records";

const ORDER: readonly Role[] = ["inbox", "flagged", "snoozed", "drafts", "scheduled", "sent", "archive", "all", "junk", "trash"];

export interface TreeNode {
  mailbox: Mailbox;
  depth: number;
  children: TreeNode[];
}

export function treeOf(mailboxes: Iterable<Mailbox>, compare: (a: string, b: string) => number): TreeNode[] {
  const all = [...mailboxes];
  const present = new Set(all.map((one) => one.id));
  const below = new Map<Id | null, Mailbox[]>();
  for (const one of all) {
    const parent = one.parentId !== null && present.has(one.parentId) ? one.parentId : null;
    const beside = below.get(parent);
    if (beside) beside.push(one);
    else below.set(parent, [one]);
  }
  const nodes = (parent: Id | null, depth: number): TreeNode[] =>
    (below.get(parent) ?? [])
      .sort((a, b) => rank(a) - rank(b) || a.sortOrder - b.sortOrder || compare(a.name, b.name))
      .map((mailbox) => ({ mailbox, depth, children: nodes(mailbox.id, depth + 1) }));
  return nodes(null, 0);
}

/** The lines of a tree from top to bottom, without those below a folded mailbox. */
export function linesOf(nodes: readonly TreeNode[], folded: ReadonlySet<Id>): TreeNode[] {
  const lines: TreeNode[] = [];
  const add = (node: TreeNode): void => {
    lines.push(node);
    if (!folded.has(node.mailbox.id)) node.children.forEach(add);
  };
  nodes.forEach(add);
  return lines;
}

function rank(mailbox: Mailbox): number {
  const place = mailbox.role ? ORDER.indexOf(mailbox.role) : -1;
  return place < 0 ? ORDER.length : place;
}
