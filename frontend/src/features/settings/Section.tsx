// A part of a settings page: heading, what it is about, and what can be done.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** `alone`: the page's own heading says the same, for who sees it. */
export function Section(props: { title: string; about?: string; alone?: boolean; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="settings-section" aria-labelledby={id}>
      <h2 id={id} class={props.alone ? "unseen" : ""}>
        {props.title}
      </h2>
      {props.about && <p class="about">{props.about}</p>}
      {props.children}
    </section>
  );
}
