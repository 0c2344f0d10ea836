// The whole page: the sign-in, or the frame, or why neither can be shown.
import { t } from "../i18n/words";
import { look, session, trouble } from "../state/session";
import { Frame } from "./Frame";
import { SignIn } from "./SignIn";
import { Toasts } from "./Toasts";

export function App() {
  if (trouble.value) {
    return (
      <main class="alone">
        <h1>{t("trouble.title")}</h1>
        <p>{trouble.value}</p>
        <button type="button" class="primary" onClick={() => void look()}>
          {t("trouble.again")}
        </button>
      </main>
    );
  }
  if (session.value === undefined) return <div class="starting" aria-busy="true" />;
  return (
    <>
      {session.value === null ? <SignIn /> : <Frame session={session.value} />}
      <Toasts />
    </>
  );
}
