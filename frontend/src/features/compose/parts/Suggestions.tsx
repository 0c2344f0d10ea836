// The people that may be meant, below the field.
import { useEffect, useRef } from "preact/hooks";
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
