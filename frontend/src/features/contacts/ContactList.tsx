// The list of contacts with its search: as long as it may be, only rows on the screen exist.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { number, t } from "../../i18n/words";
import type { Id } from "../../jmap/records";
import { offerFocus } from "../../keys/focus";
import { rowsAt, scrollTo } from "../../mail/row_range";
import { Icon } from "../../views/Icon";
import { ContactMenu } from "./ContactMenu";
import { ContactRow } from "./ContactRow";
import { MOST, areMore, books, cards, groups, ordered } from "./book";
import { cardName, finder } from "./cards";
import { shownOf, which } from "./shown";

const OVERSCAN = 8;

export function ContactList({ open }: { open: Id | undefined }) {
  const [text, setText] = useState("");
  const all = ordered.value;
  const shown = useMemo(() => shownOf(all, which.value, cards.value).filter(finder(text)), [all, which.value, text]);
  return (
    <section class="contact-list" aria-label={t("contacts.contacts")}>
      <header class="list-head">
        <h1>{t("contacts.contacts")}</h1>
        {cards.value && <span class="total">{number(shown.length)}</span>}
        <div class="tools">
          <a class="tool" href="/mail/contacts/new" aria-label={t("command.contacts.new")} title={t("command.contacts.new")}>
            <Icon name="person-plus" />
          </a>
          <ContactMenu />
        </div>
      </header>
      <div class="contact-search">
        <input class="field" type="search" placeholder={t("contacts.search")} aria-label={t("contacts.search")} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        {(books.value.length > 1 || groups.value.length > 0) && <Which />}
      </div>
      {areMore.value && <p class="none" role="status">{t("contacts.are-more", { most: number(MOST) })}</p>}
      <Rows key={text + which.value} shown={shown.map((one) => one.id)} open={open} />
      {cards.value && !shown.length && <p class="none">{t(text ? "contacts.not-found" : "contacts.empty")}</p>}
    </section>
  );
}

function Which() {
  return (
    <select class="field" aria-label={t("contacts.which")} value={which.value} onChange={(event) => (which.value = event.currentTarget.value)}>
      <option value="">{t("contacts.all")}</option>
      {books.value.length > 1 && (
        <optgroup label={t("contacts.books")}>
          {books.value.map((one) => <option key={one.id} value={`book ${one.id}`}>{one.name}</option>)}
        </optgroup>
      )}
      {groups.value.length > 0 && (
        <optgroup label={t("contacts.groups")}>
          <option value="groups">{t("contacts.all-groups")}</option>
          {groups.value.map((one) => <option key={one.id} value={`group ${one.id}`}>{cardName(one)}</option>)}
        </optgroup>
      )}
    </select>
  );
}

function Rows({ shown, open }: { shown: readonly Id[]; open: Id | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [size, setSize] = useState({ viewport: 800, rowHeight: 60 });
  const geometry = { total: shown.length, ...size };
  const { first, end } = rowsAt(top, geometry, OVERSCAN);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setSize({ viewport: element.clientHeight, rowHeight: parseFloat(getComputedStyle(element).getPropertyValue("--contact-height")) || 60 });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  const goTo = (at: number) => {
    const wanted = scrollTo(at, box.current?.scrollTop ?? 0, geometry);
    if (wanted !== null) box.current?.scrollTo({ top: wanted });
    requestAnimationFrame(() => offerFocus(box.current?.querySelector(`[data-position="${at}"]`), { preventScroll: true }));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const here = Number((event.target as HTMLElement).dataset["position"] ?? "-1");
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: shown.length - 1 }[event.key];
    const id = shown[to ?? -1];
    if (to === undefined || id === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    goTo(to);
  };
  const rows = [];
  for (let at = first; at < end; at++) rows.push(at);
  const stop = shown.indexOf(open ?? "");
  return (
    <div class="contact-rows" ref={box} onScroll={(event) => setTop(event.currentTarget.scrollTop)} onKeyDown={onKeyDown}>
      <ul aria-label={t("contacts.contacts")} style={{ blockSize: `${shown.length * size.rowHeight}px`, paddingBlockStart: `${first * size.rowHeight}px` }}>
        {rows.map((at) => (
          <ContactRow key={shown[at]} id={shown[at] ?? ""} position={at} total={shown.length} open={shown[at] === open} stop={at === Math.max(stop, 0)} />
        ))}
      </ul>
    </div>
  );
}
