// The page on which one signs in.
import { useState } from "preact/hooks";
import { t } from "../i18n/words";
import { signIn } from "../state/session";

export function SignIn() {
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setWrong("");
    try {
      await signIn(String(form.get("username")), String(form.get("password")), form.has("stay"));
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <img src="/mail/icon.svg" width="56" height="56" alt="" />
        <h1>{t("sign-in.title")}</h1>
        <p class="host">{location.host}</p>
        <label>
          <span>{t("sign-in.username")}</span>
          <input class="field" name="username" type="text" inputMode="email" autoComplete="username" autoCapitalize="none" spellcheck={false} required autoFocus />
        </label>
        <label>
          <span>{t("sign-in.password")}</span>
          <input class="field" name="password" type="password" autoComplete="current-password" required />
        </label>
        <label class="check">
          <input name="stay" type="checkbox" />
          <span>{t("sign-in.stay")}</span>
        </label>
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <button class="primary" type="submit" disabled={busy}>
          {busy ? t("sign-in.busy") : t("sign-in.enter")}
        </button>
      </form>
    </main>
  );
}
