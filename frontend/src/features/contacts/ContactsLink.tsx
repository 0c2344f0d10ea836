// The way to the contacts, below the mailboxes.
import { t } from "../../i18n/words";
import { place } from "../../state/route";
import { Icon } from "../../views/Icon";

export function ContactsLink() {
  const here = place.value.path.startsWith("/contacts");
  return (
    <ul class="boxes">
      <li>
        <a class="box" href="/mail/contacts" aria-current={here ? "page" : undefined}>
          <Icon name="people" />
          <span class="name">{t("contacts.contacts")}</span>
        </a>
      </li>
    </ul>
  );
}
