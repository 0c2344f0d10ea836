// Light or dark, how close the rows stand, and the language.
import { t } from "../../i18n/words";
import { preference, prefer } from "../../state/preferences";
import { type Theme, theme } from "../../state/theme";
import { LanguageChoice } from "../../views/LanguageChoice";
import { Section } from "./Section";
import { doing } from "./listing";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const DENSITIES = ["comfortable", "compact"] as const;

export function AppearancePart() {
  return (
    <>
      <Section title={t("theme.theme")}>
        <Choices name="settings-theme" legend={t("theme.theme")} values={THEMES} chosen={theme.value} words={(one) => t(`theme.${one}`)} onChoose={(one) => (theme.value = one)} />
      </Section>
      <Section title={t("settings.density")} about={t("settings.density-about")}>
        <Choices name="settings-density" legend={t("settings.density")} values={DENSITIES} chosen={preference("density", "comfortable")} words={(one) => t(`settings.density-${one}`)} onChoose={(one) => void doing(() => prefer("density", one))} />
      </Section>
      <Section title={t("settings.language")}>
        <LanguageChoice />
      </Section>
    </>
  );
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
