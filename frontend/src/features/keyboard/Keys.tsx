// Keys as they are printed: a sequence with "then" between them.
import { t } from "../../i18n/words";

const SIGNS: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };

export function Keys({ keys }: { keys: string }) {
  const parts = keys.split(" ");
  return (
    <span class="keys">
      {parts.map((key, index) => (
        <>
          {index > 0 && <small> {t("keyboard.then")} </small>}
          <kbd>{key === "Delete" ? t("keyboard.delete-key") : (SIGNS[key] ?? key)}</kbd>
        </>
      ))}
    </span>
  );
}
