// A part of a settings page: heading, what it is about, and what can be done.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export function Section(props: { title: string; about?: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="settings-section" aria-labelledby={id}>
      <h2 id={id}>{props.title}</h2>
      {props.about && <p class="about">{props.about}</p>}
      {props.children}
    </section>
  );
}
