// A row of a list of settings: what it is, what is known of it, and its removal.
import type { ComponentChildren } from "preact";

export function Entry(props: { name: string; facts: string; note?: string | undefined; children?: ComponentChildren }) {
  return (
    <li class="settings-entry">
      <div>
        <strong>{props.name}</strong>
        <span class="facts">{props.facts}</span>
        {props.note && <span class="note">{props.note}</span>}
      </div>
      {props.children}
    </li>
  );
}
