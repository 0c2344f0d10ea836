// Takes something away that cannot come back: asks once, in its own place.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";

export function RemoveButton(props: { name: string; verb?: "remove" | "revoke"; onRemove: () => void }) {
  const [sure, setSure] = useState(false);
  const verb = props.verb ?? "remove";
  const words = sure ? t(`settings.${verb}-really`) : t(`settings.${verb}`);
  const label = sure ? t(`settings.${verb}-one-really`, { name: props.name }) : t(`settings.${verb}-one`, { name: props.name });
  return (
    <button type="button" class={`quiet danger${sure ? " sure" : ""}`} aria-label={label} onClick={() => (sure ? props.onRemove() : setSure(true))} onBlur={() => setSure(false)}>
      {words}
    </button>
  );
}
