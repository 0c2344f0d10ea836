// A line of a contact: what it is, where it belongs, and the thing itself.
import type { ComponentChildren } from "preact";
import { t } from "../../i18n/words";
import type { Said } from "./records";

/** "Work", "Mobile", or the label that somebody has given. */
export function kindWords(one: Said): string {
  const kinds = [...Object.keys(one.contexts ?? {}), ...Object.keys(one.features ?? {})].filter((kind) => ["private", "work", "mobile", "fax", "pager"].includes(kind));
  return one.label || kinds.map((kind) => t(`contacts.kind.${kind}`)).join(", ");
}

export function Detail({ title, kind, children }: { title: string; kind?: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>
        {title}
        {kind && <small>{kind}</small>}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
