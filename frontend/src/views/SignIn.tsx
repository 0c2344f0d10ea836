// The page on which one signs in: by password, then with a code where the account has codes; or by passkey.
import { useState } from "preact/hooks";
import { t } from "../i18n/words";
import { passkeysPossible, showPasskey } from "../state/passkeys";
import { CodeWanted, type Entry, signIn } from "../state/session";
import { CodeField } from "./CodeField";

export function SignIn() {
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const [known, setKnown] = useState<Entry | null>(null); // a right password that waits for its code
  const enter = async (work: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setWrong("");
    try {
      await work();
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void enter(async () => {
      if (known) return signIn({ ...known, code: String(form.get("code")) });
      const entry = { username: String(form.get("username")), password: String(form.get("password")), stay: form.has("stay") };
      try {
        await signIn(entry);
      } catch (error) {
        if (!(error instanceof CodeWanted)) throw error;
        setKnown(entry);
      }
    });
  };
  const byPasskey = (event: MouseEvent) => {
    const form = (event.currentTarget as HTMLButtonElement).form;
    const stay = form ? new FormData(form).has("stay") : false;
    void enter(async () => {
      const passkey = await showPasskey();
      if (passkey) await signIn({ passkey, stay });
    });
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <img src="/mail/icon.svg" width="56" height="56" alt="" />
        <h1>{t(known ? "sign-in.code-title" : "sign-in.title")}</h1>
        <p class="host">{known?.username ?? location.host}</p>
        {known ? <CodeField /> : <PasswordFields />}
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <button class="primary" type="submit" aria-disabled={busy}>
          {busy ? t("sign-in.busy") : t("sign-in.enter")}
        </button>
        {known ? (
          <button type="button" class="quiet" onClick={() => (setKnown(null), setWrong(""))}>
            {t("sign-in.back")}
          </button>
        ) : (
          passkeysPossible() && (
            <button type="button" class="quiet" aria-disabled={busy} onClick={byPasskey}>
              {t("sign-in.passkey")}
            </button>
          )
        )}
      </form>
    </main>
  );
}

function PasswordFields() {
  return (
    <>
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
    </>
  );
}
