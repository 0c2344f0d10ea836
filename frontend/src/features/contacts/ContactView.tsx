// One contact as it is read: what is known, and what can be done.
import { locale, t } from "../../i18n/words";
import { go } from "../../state/route";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { ContactPicture } from "./ContactPicture";
import { GroupMembers } from "./GroupMembers";
import { MembershipMenu } from "./MembershipMenu";
import { membersOf } from "./book";
import { addressLines, cardName, dateText, isGroup, listOf, mainEmail, preferred } from "./cards";
import { deleteCard } from "./changing";
import { Detail, kindWords } from "./Detail";
import type { Card } from "./records";

export function ContactView({ card }: { card: Card }) {
  const remove = () => {
    go("/contacts", true);
    void deleteCard(card.id).catch(problem);
  };
  const name = cardName(card) || t("contacts.unnamed");
  const nicknames = listOf(card.nicknames).map((one) => one.name).join(", ");
  const work = [...listOf(card.titles).map((one) => one.name), ...listOf(card.organizations).map((one) => [one.name, ...(one.units ?? []).map((unit) => unit.name)].filter(Boolean).join(", "))].join(" · ");
  return (
    <article class="contact">
      <div class="toolbar" role="toolbar" aria-label={t("contacts.tools", { name })}>
        <a class="tool only-phone" href="/mail/contacts" aria-label={t("contacts.back")}><Icon name="back" /></a>
        <Write card={card} />
        <a class="tool" href={`/mail/contacts/${card.id}?edit=1`} aria-label={t("contacts.edit")} title={t("contacts.edit")}><Icon name="draft" /></a>
        {!isGroup(card) && <MembershipMenu card={card} />}
        <button type="button" class="tool" aria-label={t("contacts.delete")} title={t("contacts.delete")} onClick={remove}><Icon name="trash" /></button>
      </div>
      <header class="contact-head">
        <ContactPicture card={card} />
        <div>
          <h1 dir="auto">{name}</h1>
          {nicknames && <p dir="auto">{nicknames}</p>}
          {work && <p dir="auto">{work}</p>}
        </div>
      </header>
      <dl class="details">
        {preferred(listOf(card.emails)).map((one) => (
          <Detail key={one.address} title={t("contacts.email")} kind={kindWords(one)}><a href={`mailto:${encodeURIComponent(one.address).replace("%40", "@")}`}><bdi dir="ltr">{one.address}</bdi></a></Detail>
        ))}
        {preferred(listOf(card.phones)).map((one) => (
          <Detail key={one.number} title={t("contacts.phone")} kind={kindWords(one)}><a href={`tel:${one.number.replace(/^tel:/, "").replace(/[^\d+*#;=.-]/g, "")}`}><bdi dir="ltr">{one.number.replace(/^tel:/, "")}</bdi></a></Detail>
        ))}
        {listOf(card.addresses).map((one, at) => (
          <Detail key={at} title={t("contacts.address")} kind={kindWords(one)}>{addressLines(one).map((line, row) => <span class="line" key={row} dir="auto">{line}</span>)}</Detail>
        ))}
        {listOf(card.anniversaries).map((one, at) => (
          <Detail key={at} title={["birth", "wedding", "death"].includes(one.kind) ? t(`contacts.${one.kind}`) : one.kind}>{dateText(one.date, locale.value)}</Detail>
        ))}
        {listOf(card.links).map((one) => (
          <Detail key={one.uri} title={t("contacts.link")}>{/^https?:/i.test(one.uri) ? <a href={one.uri} target="_blank" rel="noopener noreferrer"><bdi dir="ltr">{one.uri}</bdi></a> : <bdi dir="ltr">{one.uri}</bdi>}</Detail>
        ))}
        {Object.keys(card.keywords ?? {}).length > 0 && <Detail title={t("contacts.labels")}><span dir="auto">{Object.keys(card.keywords ?? {}).join(", ")}</span></Detail>}
        {listOf(card.notes).map((one, at) => <Detail key={at} title={t("contacts.note")}><span class="note" dir="auto">{one.note}</span></Detail>)}
      </dl>
      {isGroup(card) && <GroupMembers group={card} />}
    </article>
  );
}

// A message to somebody, or to everybody of a group; whoever handles mailto: writes it.
function Write({ card }: { card: Card }) {
  const to = (isGroup(card) ? membersOf(card) : [card]).map(mainEmail).filter(Boolean);
  if (!to.length) return null;
  const title = t(isGroup(card) ? "contacts.write-all" : "contacts.write");
  return (
    <a class="tool" href={`mailto:${to.map((one) => encodeURIComponent(one).replace("%40", "@")).join(",")}`} aria-label={title} title={title}>
      <Icon name="sent" />
      <span>{title}</span>
    </a>
  );
}
