// Which language everything is shown in: the browser's, where there is a catalogue for it, unless somebody has chosen.
import { signal } from "@preact/signals";
import { languages, speak } from "../i18n/words";

export const BROWSERS = "system"; // the choice to have none
const KEY = "postroom.language";

export const languageChoice = signal(localStorage.getItem(KEY) ?? BROWSERS);

/** The first of the browser's languages that there is a catalogue for. */
export function browsersLanguage(wanted: readonly string[] = navigator.languages): string {
  const there = languages();
  for (const one of wanted) {
    const base = one.toLowerCase().split("-")[0] ?? "";
    if (there.includes(base)) return base;
  }
  return "en";
}

/** What a language calls itself. */
export function languageName(code: string): string {
  return new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code;
}

/** Speaks what was chosen; where its catalogue cannot be fetched, English is there. */
export async function speakChosen(): Promise<void> {
  const choice = languageChoice.peek();
  await speak(languages().includes(choice) ? choice : browsersLanguage()).catch(() => speak("en"));
}

export async function chooseLanguage(choice: string): Promise<void> {
  languageChoice.value = choice;
  if (choice === BROWSERS) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, choice);
  await speakChosen();
}
