// A list of any length with a real scrollbar: only the rows on the screen exist, and only what they show is fetched.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words";
import type { Id } from "../jmap/records";
import { offerFocus } from "../keys/focus";
import { step } from "../mail/advance";
import { type Geometry, heightOf, rowsAt, scrollTo } from "../mail/row_range";
import { listReady, listed, show, source } from "../state/list";
import { cursor } from "../state/selection";
import { ListRow } from "./ListRow";

const OVERSCAN = 6;
const WAIT_MS = 60; // that a scrollbar has to rest before something is fetched, while it is pulled

export function VirtualList() {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [viewport, setViewport] = useState(800);
  const [rowHeight, setRowHeight] = useState(76);
  const { window: rows, version } = listed.value;
  const geometry: Geometry = { total: rows.total, rowHeight, viewport };
  const { first, end, offset } = rowsAt(top, geometry, OVERSCAN);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => {
      setViewport(element.clientHeight);
      setRowHeight(parseFloat(getComputedStyle(element).getPropertyValue("--row-height")) || 76);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // What is looked at stays where it is when rows come or go above it; at the top one wants to see what comes.
  const anchor = useRef<{ id: string; place: number } | null>(null);
  useLayoutEffect(() => {
    const held = anchor.current;
    const place = held ? rows.placeOf(held.id) : undefined;
    if (held && place !== undefined && place !== held.place && top > 0) box.current?.scrollBy({ top: (place - held.place) * rowHeight });
  }, [version]);
  useLayoutEffect(() => {
    const place = Math.min(end - 1, first + OVERSCAN + 1);
    const id = rows.at(place);
    anchor.current = id === undefined ? null : { id, place };
  });

  const last = useRef(0);
  useEffect(() => {
    if (!source.peek()) return;
    const far = Math.abs(first - last.current) > 60;
    last.current = first;
    const timer = setTimeout(() => void show(first, end), far ? WAIT_MS : 0);
    return () => clearTimeout(timer);
  }, [first, end, version]);

  // Who moves the cursor wants to see where it is; when it only goes along with its row, what is looked at stays.
  const pointed = useRef<Id | undefined>(undefined);
  useEffect(() => {
    const goesAlong = pointed.current !== undefined && pointed.current === rows.at(cursor.value);
    const wanted = cursor.value < 0 || goesAlong ? null : scrollTo(cursor.value, box.current?.scrollTop ?? 0, geometry);
    if (wanted !== null) box.current?.scrollTo({ top: wanted });
    if (box.current?.contains(document.activeElement)) {
      requestAnimationFrame(() => offerFocus(box.current?.querySelector(`[data-position="${cursor.peek()}"]`), { preventScroll: true }));
    }
  }, [cursor.value]);
  useEffect(() => {
    pointed.current = rows.at(cursor.value);
  });

  // Arrows work whether or not letters are keys of commands.
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step(by);
  };

  const shown = [];
  for (let at = first; at < end; at++) shown.push(at);
  return (
    <div class="rows" ref={box} tabIndex={0} onKeyDown={onKeyDown} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <div class="whole" role="presentation" style={{ blockSize: `${heightOf(geometry)}px` }}>
        <div class="shown" role="list" aria-label={source.value?.title} style={{ transform: `translateY(${offset}px)` }}>
          {shown.map((at) => (
            <ListRow key={rows.at(at) ?? at} id={rows.at(at)} position={at} total={rows.total} />
          ))}
        </div>
      </div>
      {listReady.value && rows.total === 0 && <p class="empty">{t("list.empty")}</p>}
    </div>
  );
}
