// Makes something that needs a name.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export function NamedForm(props: { label: string; button: string; example: string; onSubmit: (name: string, form: FormData) => Promise<boolean>; children?: ComponentChildren }) {
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    setBusy(true);
    if (await props.onSubmit(String(given.get("name")).trim(), given)) form.reset();
    setBusy(false);
  };
  return (
    <form class="settings-form" onSubmit={(event) => void submit(event)}>
      <label>
        <span>{props.label}</span>
        <input class="field" name="name" required maxLength={100} placeholder={props.example} autoComplete="off" />
      </label>
      {props.children}
      <button type="submit" class="secondary" aria-disabled={busy}>
        {props.button}
      </button>
    </form>
  );
}
