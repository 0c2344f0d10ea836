// Lines of the tree of mailboxes. Of thousands only those near what is in sight are drawn; room is left for the others.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type TreeNode, linesOf } from "../mail/mailbox_tree";
import { linesNear } from "../mail/row_range";
import { folded } from "./folding";
import { MailboxItem } from "./MailboxItem";

const HEIGHT = 34;
const AT_FIRST = { first: 0, end: 60, height: HEIGHT };

export function BoxLines({ nodes }: { nodes: readonly TreeNode[] }) {
  const lines = linesOf(nodes, folded.value);
  const total = lines.length;
  const [sight, setSight] = useState(AT_FIRST);
  const first = Math.max(0, Math.min(sight.first, total - 1));
  const end = Math.min(sight.end, total);
  const top = useRef<HTMLLIElement>(null);
  const drawn = useRef({ first, total, height: sight.height });
  drawn.current = { first, total, height: sight.height };

  useLayoutEffect(() => {
    const scroller = top.current?.closest(".sidebar");
    if (!scroller) return;
    const look = () => {
      const line = top.current;
      if (!line) return;
      const hidden = scroller.getBoundingClientRect().top - line.getBoundingClientRect().top + drawn.current.first * drawn.current.height;
      const height = line.offsetHeight || HEIGHT;
      const now = { ...linesNear(hidden, { total: drawn.current.total, rowHeight: height, viewport: scroller.clientHeight }), height };
      setSight((was) => (was.first === now.first && was.end === now.end && was.height === now.height ? was : now));
    };
    look();
    scroller.addEventListener("scroll", look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(scroller);
    return () => {
      scroller.removeEventListener("scroll", look);
      observer.disconnect();
    };
  }, [total]);

  return (
    <>
      {lines.slice(first, end).map((node, index) => (
        <MailboxItem
          key={node.mailbox.id}
          node={node}
          line={index === 0 ? top : null}
          above={index === 0 ? first * sight.height : 0}
          below={first + index === end - 1 ? (total - end) * sight.height : 0}
        />
      ))}
    </>
  );
}
