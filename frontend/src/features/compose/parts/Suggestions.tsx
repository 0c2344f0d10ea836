// The people that may be meant, below the field.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../../../i18n/words";
import type { Address } from "../../../jmap/records";
import { Avatar } from "../../../views/Avatar";

interface Props {
  id: string;
  found: readonly Address[];
  at: number;
  onChoose: (address: Address) => void;
}

export function Suggestions({ id, found, at, onChoose }: Props) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at]);
  useLayoutEffect(() => {
    if (list.current) place(list.current);
  }, [found]);
  return (
    <ul class="compose-found" id={`${id}-list`} role="listbox" aria-label={t("compose.suggestions")} hidden={!found.length} ref={list}>
      {found.map((address, index) => (
        <li
          key={address.email}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === at}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(address)}
        >
          <Avatar address={address} />
          <span>
            <strong>
              <bdi>{address.name || address.email}</bdi>
            </strong>
            {address.name && <small>{address.email}</small>}
          </span>
        </li>
      ))}
    </ul>
  );
}

const GAP = 4;

// Below the field, wherever that has got to; the lines above scroll, so the list cannot be one of them.
function place(list: HTMLElement): void {
  const field = list.parentElement?.querySelector("input")?.getBoundingClientRect();
  if (!field) return;
  const rtl = getComputedStyle(list).direction === "rtl";
  const wanted = rtl ? field.right - list.offsetWidth : field.left;
  const x = Math.max(GAP, Math.min(wanted, innerWidth - list.offsetWidth - GAP));
  list.style.maxBlockSize = `${Math.max(120, Math.min(300, innerHeight - field.bottom - 3 * GAP))}px`;
  list.style.translate = `${x}px ${field.bottom + GAP}px`;
}
