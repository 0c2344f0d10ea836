// The page of contacts: the list, and beside it the one that is open or edited. On a phone one at a time.
import { useEffect, useState } from "preact/hooks";
import "./contacts.css";
import type { Values } from "../feature";
import { t } from "../../i18n/words";
import { pageTitle } from "../../state/title";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { ContactForm } from "./ContactForm";
import { ContactList } from "./ContactList";
import { ContactView } from "./ContactView";
import { cards, loadContacts, wholeCard } from "./book";
import { cardName } from "./cards";
import type { Card } from "./records";

export default function Contacts({ values, query }: { values: Values; query: URLSearchParams }) {
  const id = values["card"];
  const fresh = id === "new" || id === "new-group";
  const edited = query.has("edit");
  const [card, setCard] = useState<Card | null>(null);
  const [missing, setMissing] = useState(false);
  const row = cards.value?.get(id ?? "");
  useEffect(() => void loadContacts().catch(problem), []);
  useEffect(() => {
    let over = false;
    setMissing(false);
    if (id && !fresh) {
      wholeCard(id).then((found) => {
        if (over) return;
        setCard(found);
        setMissing(!found);
      }, problem);
    }
    return () => void (over = true);
  }, [id, row]);
  const open = card && card.id === id ? card : null;
  const title = open ? cardName(open) || t("contacts.unnamed") : t("contacts.contacts");
  useEffect(() => {
    pageTitle.value = title;
    return () => void (pageTitle.value = "");
  }, [title]);
  return (
    <div class={`contacts${id ? " one" : ""}`}>
      <ContactList open={id} />
      <section class="contact-pane" aria-label={open ? title : t(fresh ? "command.contacts.new" : "contacts.nothing")}>
        {fresh && <ContactForm key={id} card={id === "new-group" ? { kind: "group" } : {}} />}
        {open && edited && <ContactForm key={open.id} card={open} />}
        {open && !edited && <ContactView card={open} />}
        {missing && !fresh && <p class="none">{t("contacts.gone")}</p>}
        {!id && (
          <div class="nothing">
            <Icon name="people" />
            <p>{t("contacts.nothing")}</p>
          </div>
        )}
      </section>
    </div>
  );
}
