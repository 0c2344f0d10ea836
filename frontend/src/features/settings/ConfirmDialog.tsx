// Asks once more who it is: by password, and a code where the account has codes, or by passkey.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { passkeysPossible, showPasskey } from "../../state/passkeys";
import { CodeWanted, type Entry, knock, session } from "../../state/session";
import { CodeField } from "../../views/CodeField";
import { Dialog } from "../../views/Dialog";
import { answer, wanted } from "./confirming";

export function ConfirmDialog() {
  return wanted.value && <Open />;
}

function Open() {
  const [wrong, setWrong] = useState("");
  const [known, setKnown] = useState<Entry | null>(null);
  const show = async (entry: Entry) => {
    setWrong("");
    try {
      await knock("confirm", entry);
      answer(true);
    } catch (error) {
      if (error instanceof CodeWanted) setKnown(entry);
      else setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void show(known ? { ...known, code: String(form.get("code")) } : { password: String(form.get("password")) });
  };
  const byPasskey = async () => {
    try {
      const passkey = await showPasskey();
      if (passkey) await show({ passkey });
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog title={t("settings.confirm-title")} onClose={() => answer(false)} narrow>
      <form class="settings-form" onSubmit={submit}>
        <p>{t("settings.confirm-why")}</p>
        <input type="text" hidden autoComplete="username" value={session.value?.username ?? ""} readOnly />
        {known ? (
          <CodeField />
        ) : (
          <label>
            <span>{t("sign-in.password")}</span>
            <input class="field" name="password" type="password" autoComplete="current-password" required autoFocus />
          </label>
        )}
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <div class="settings-buttons">
          <button type="submit" class="primary">
            {t("settings.confirm")}
          </button>
          {!known && passkeysPossible() && (
            <button type="button" class="quiet" onClick={() => void byPasskey()}>
              {t("settings.confirm-passkey")}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
