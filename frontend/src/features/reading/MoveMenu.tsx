// "Move to": all mailboxes, narrowed by typing.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import type { Mailbox } from "../../jmap/records";
import { moveTo } from "../../mail/actions";
import type { TreeNode } from "../../mail/mailbox_tree";
import { source } from "../../state/list";
import { mailboxName, tree } from "../../state/mailboxes";
import { Dialog } from "../../views/Dialog";
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
  return ids ? <Open onClose={() => (moving.value = null)} onChoose={(box) => void moveTo(ids, box.id)} /> : null;
}

const PART = 100; // mailboxes that are drawn at first, and each time the end of these is in sight

// What is being written and what was sent have their places by themselves: there one moves nothing, but who types the name.
const OWN: readonly (string | null)[] = ["drafts", "sent"];

function Open({ onClose, onChoose }: { onClose: () => void; onChoose: (mailbox: Mailbox) => void }) {
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const [drawn, setDrawn] = useState(PART);
  const list = useRef<HTMLUListElement>(null);
  const words = wanted.toLowerCase().trim();
  const all = useMemo(() => choices(tree.value), [tree.value]);
  const found = all.filter(
    ({ mailbox, path }) =>
      mailbox.id !== source.value?.mailboxId && mailbox.myRights.mayAddItems && path.toLowerCase().includes(words) && (words || !OWN.includes(mailbox.role)),
  );
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at]);
  const choose = (choice: Choice | undefined) => {
    if (!choice) return;
    onClose();
    onChoose(choice.mailbox);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return; // the keys are the input method's
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") choose(found[at]);
    else return;
    event.preventDefault();
  };
  const type = (event: Event) => {
    setWanted((event.currentTarget as HTMLInputElement).value);
    setAt(0);
    setDrawn(PART);
  };
  const more = ({ currentTarget: { scrollTop, clientHeight, scrollHeight } }: { currentTarget: HTMLElement }) => {
    if (scrollTop + 2 * clientHeight > scrollHeight && drawn < found.length) setDrawn(drawn + PART);
  };
  return (
    <Dialog title={t("move.title")} onClose={onClose} narrow>
      <input
        class="field"
        autoFocus
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="move-choices"
        aria-activedescendant={found[at] ? `move-${found[at].mailbox.id}` : undefined}
        aria-label={t("move.filter")}
        placeholder={t("move.filter")}
        value={wanted}
        onInput={type}
        onKeyDown={onKeyDown}
      />
      <ul class="choices" id="move-choices" role="listbox" aria-label={t("move.title")} ref={list} onScroll={more}>
        {found.slice(0, Math.max(drawn, at + PART)).map((choice, index) => (
          <li
            key={choice.mailbox.id}
            id={`move-${choice.mailbox.id}`}
            role="option"
            aria-selected={index === at}
            onMouseMove={() => setAt(index)}
            onClick={() => choose(choice)}
          >
            <Icon name={mailboxIcon(choice.mailbox)} />
            <span>{choice.path}</span>
          </li>
        ))}
        {found.length === 0 && <li class="none">{t("move.none")}</li>}
      </ul>
    </Dialog>
  );
}
