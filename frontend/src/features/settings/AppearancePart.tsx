// Light or dark, how close the rows stand, and the language.
import { language, languages, speak, t } from "../../i18n/words";
import { preference, prefer } from "../../state/preferences";
import { type Theme, theme } from "../../state/theme";
import { Section } from "./Section";
import { doing } from "./listing";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const DENSITIES = ["comfortable", "compact"] as const;

export function AppearancePart() {
  const pick = (wanted: string) => {
    void doing(async () => {
      await prefer("language", wanted);
      await speak(wanted);
    });
  };
  return (
    <>
      <Section title={t("theme.theme")}>
        <Choices name="settings-theme" legend={t("theme.theme")} values={THEMES} chosen={theme.value} words={(one) => t(`theme.${one}`)} onChoose={(one) => (theme.value = one)} />
      </Section>
      <Section title={t("settings.density")} about={t("settings.density-about")}>
        <Choices name="settings-density" legend={t("settings.density")} values={DENSITIES} chosen={preference("density", "comfortable")} words={(one) => t(`settings.density-${one}`)} onChoose={(one) => void doing(() => prefer("density", one))} />
      </Section>
      <Section title={t("settings.language")}>
        <label class="settings-form">
          <span class="unseen">{t("settings.language")}</span>
          <select class="field" value={language.value} onChange={(event) => pick(event.currentTarget.value)}>
            {languages().map((one) => (
              <option key={one} value={one} lang={one}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </label>
      </Section>
    </>
  );
}

function nameOf(tag: string): string {
  return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
}

function Choices<T extends string>(props: { name: string; legend: string; values: readonly T[]; chosen: T; words: (one: T) => string; onChoose: (one: T) => void }) {
  return (
    <fieldset class="settings-choices">
      <legend class="unseen">{props.legend}</legend>
      {props.values.map((one) => (
        <label key={one}>
          <input type="radio" name={props.name} checked={props.chosen === one} onChange={() => props.onChoose(one)} />
          <span>{props.words(one)}</span>
        </label>
      ))}
    </fieldset>
  );
}
