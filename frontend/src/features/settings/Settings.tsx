// The settings: parts on one side, the chosen one on the other; on a phone above each other.
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { language, t } from "../../i18n/words";
import { pageTitle } from "../../state/title";
import { KeyboardPart } from "../keyboard/KeyboardPart";
import { AppearancePart } from "./AppearancePart";
import { ConfirmDialog } from "./ConfirmDialog";
import { ExportPart } from "./ExportPart";
import { IdentityPart } from "./IdentityPart";
import { ProgramsPart } from "./ProgramsPart";
import { SecurityPart } from "./SecurityPart";
import { StoragePart } from "./StoragePart";
import "./settings.css";

const PARTS: Readonly<Record<string, ComponentType>> = {
  security: SecurityPart,
  identities: IdentityPart,
  appearance: AppearancePart,
  storage: StoragePart,
  programs: ProgramsPart,
  export: ExportPart,
  keyboard: KeyboardPart,
};

export default function Settings({ values }: { values: Record<string, string> }) {
  const name = values["part"] && Object.hasOwn(PARTS, values["part"]) ? values["part"] : "security";
  const Part = PARTS[name] ?? SecurityPart;
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    pageTitle.value = t(`settings.${name}`);
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    return () => void (pageTitle.value = "");
  }, [name, language.value]);
  return (
    <div class="settings">
      <nav aria-label={t("settings.settings")} ref={nav}>
        <ul>
          {Object.keys(PARTS).map((one) => (
            <li key={one}>
              <a href={`/mail/settings/${one}`} aria-current={Part === PARTS[one] ? "page" : undefined}>
                {t(`settings.${one}`)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="settings-part">
        <h1>{t(`settings.${name}`)}</h1>
        <Part key={name} />
      </div>
      <ConfirmDialog />
    </div>
  );
}
