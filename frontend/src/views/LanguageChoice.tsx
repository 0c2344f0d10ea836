// The choice of a language; each is named as it names itself.
import { languages, t } from "../i18n/words";
import { BROWSERS, browsersLanguage, chooseLanguage, languageChoice, languageName } from "../state/language";
import { problem } from "../state/toasts";

export function LanguageChoice() {
  const choose = (event: Event) => void chooseLanguage((event.currentTarget as HTMLSelectElement).value).catch(problem);
  return (
    <label class="language">
      <span>{t("language.language")}</span>
      <select class="field" value={languageChoice.value} onChange={choose}>
        <option value={BROWSERS}>{t("language.system", { name: languageName(browsersLanguage()) })}</option>
        {languages().map((one) => (
          <option key={one} value={one} lang={one}>
            {languageName(one)}
          </option>
        ))}
      </select>
    </label>
  );
}
