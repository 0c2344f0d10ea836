// One contact of the list.
import { t } from "../../i18n/words";
import type { Id } from "../../jmap/records";
import { Avatar } from "../../views/Avatar";
import { Icon } from "../../views/Icon";
import { cards, membersOf } from "./book";
import { cardName, isGroup, listOf, mainEmail } from "./cards";

/** `stop`: the one that Tab leads to; arrows lead from there to the others. */
export function ContactRow(props: { id: Id; position: number; total: number; open: boolean; stop: boolean }) {
  const card = cards.value?.get(props.id);
  if (!card) return null;
  const name = cardName(card) || t("contacts.unnamed");
  const email = mainEmail(card);
  const below = isGroup(card) ? t("contacts.members", { count: membersOf(card).length }) : email || listOf(card.phones)[0]?.number || "";
  return (
    <li aria-setsize={props.total} aria-posinset={props.position + 1}>
      <a
        class="contact-row"
        href={`/mail/contacts/${props.id}`}
        aria-current={props.open ? "page" : undefined}
        data-position={props.position}
        tabIndex={props.stop ? 0 : -1}
      >
        {isGroup(card) ? <span class="avatar group"><Icon name="people" /></span> : <Avatar address={{ name, email: email || card.uid }} />}
        <span class="contact-name" dir="auto">{name}</span>
        <span class="contact-below" dir="auto">{below === name ? "" : below}</span>
      </a>
    </li>
  );
}
