// The mailboxes, as a tree with what is unread in them.
import { t } from "../i18n/words";
import { tree } from "../state/mailboxes";
import { place } from "../state/route";
import { BoxLines } from "./BoxLines";
import { Icon } from "./Icon";
import { Slot } from "./Slot";

export function Sidebar() {
  const nodes = tree.value;
  const special = nodes.filter((node) => node.mailbox.role);
  const others = nodes.filter((node) => !node.mailbox.role);
  const starred = place.value.path.startsWith("/starred");
  return (
    <nav class="sidebar" aria-label={t("frame.mailboxes")}>
      <Slot name="sidebar.start" />
      <ul class="boxes">
        <BoxLines nodes={special.slice(0, 1)} />
        <li>
          <a class="box" href="/mail/starred" aria-current={starred ? "page" : undefined}>
            <Icon name="star" />
            <span class="name">{t("mailbox.flagged")}</span>
          </a>
        </li>
        <BoxLines nodes={special.slice(1)} />
      </ul>
      <header class="folders-head">
        <h2>{t("frame.folders")}</h2>
        <Slot name="sidebar.folders" />
      </header>
      <ul class="boxes">
        <BoxLines nodes={others} />
      </ul>
      <Slot name="sidebar.end" />
    </nav>
  );
}
