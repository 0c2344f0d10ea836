// Words for what the server tells in codes; what a catalogue does not know is shown as it is.
import { t } from "../../i18n/words";
import type { Checked, Warned } from "./records";

export function checkWords(one: Checked): string {
  const key = `facts.${one.method}.${one.result}`;
  const found = t(key, { domain: one.domain || t("facts.nobody") });
  return found === key ? t("facts.other", { method: one.method.toUpperCase(), result: one.result, domain: one.domain || t("facts.nobody") }) : found;
}

export function warningWords(one: Warned): string {
  const values = { ...one.values, ...(one.values["seconds"] ? { time: duration(Number(one.values["seconds"])) } : {}), ...(one.values["scripts"] ? { scripts: scriptWords(one.values["scripts"]) } : {}) };
  const key = `warned.${one.kind}`;
  const found = t(key, values);
  return found === key ? one.kind : found;
}

function scriptWords(names: string): string {
  return names
    .split(", ")
    .map((name) => {
      const found = t(`script.${name}`);
      return found === `script.${name}` ? name : found;
    })
    .join(" + ");
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (seconds < 90) return t("time.seconds", { count: seconds });
  if (seconds < 5400) return t("time.minutes", { count: Math.round(seconds / 60) });
  if (seconds < 129_600) return t("time.hours", { count: Math.round(seconds / 3600) });
  return t("time.days", { count: Math.round(seconds / 86_400) });
}
