// Another password.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { session } from "../../state/session";
import { confirmed } from "./confirming";
import { doing, elsewhere } from "./listing";
import { Section } from "./Section";

const SHORTEST = 8;

export function PasswordSection() {
  const [wrong, setWrong] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const [password, again] = new FormData(form).getAll("new").map(String);
    if (password !== again) return setWrong(t("settings.password-differs"));
    setWrong("");
    const done = await doing(() => confirmed(() => jmap.call("Password/change", { password: password ?? "" })), "settings.password-changed");
    if (!done) return;
    form.reset();
    elsewhere.value++;
  };
  return (
    <Section title={t("settings.password")} about={t("settings.password-about")}>
      <form class="settings-form" onSubmit={(event) => void submit(event)}>
        <input type="text" hidden autoComplete="username" value={session.value?.username ?? ""} readOnly />
        <label>
          <span>{t("settings.password-new")}</span>
          <input class="field" name="new" type="password" autoComplete="new-password" minLength={SHORTEST} required />
        </label>
        <label>
          <span>{t("settings.password-again")}</span>
          <input class="field" name="new" type="password" autoComplete="new-password" minLength={SHORTEST} required />
        </label>
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <button type="submit" class="primary">
          {t("settings.password-change")}
        </button>
      </form>
    </Section>
  );
}
