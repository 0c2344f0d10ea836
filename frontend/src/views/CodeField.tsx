// Where a one-time code is typed.
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/words";

export function CodeField() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <label>
      <span>{t("sign-in.code")}</span>
      <input class="field code" name="code" ref={field} type="text" inputMode="numeric" autoComplete="one-time-code" pattern="[0-9 ]{6,7}" maxLength={7} required />
    </label>
  );
}
