// One address that was chosen: Delete takes it away, Enter makes it text again, the arrow keys go along the line.
import { t } from "../../../i18n/words";
import type { Address } from "../../../jmap/records";
import { nameOf } from "../../../mail/people";
import { Icon } from "../../../views/Icon";
import { isAddress, written } from "../addresses";

interface Props {
  address: Address;
  onRemove: () => void;
  onEdit: () => void;
  onLeave: () => void;
}

export function AddressChip({ address, onRemove, onEdit, onLeave }: Props) {
  const wrong = !isAddress(address.email);
  const onKeyDown = (event: KeyboardEvent) => {
    const chip = (event.currentTarget as HTMLElement).parentElement;
    const rtl = chip !== null && getComputedStyle(chip).direction === "rtl";
    if (event.key === "Delete" || event.key === "Backspace") onRemove();
    else if (event.key === "Enter") onEdit();
    else if (event.key === (rtl ? "ArrowRight" : "ArrowLeft")) chip?.previousElementSibling?.querySelector<HTMLElement>(".chip-name")?.focus();
    else if (event.key === (rtl ? "ArrowLeft" : "ArrowRight")) {
      const next = chip?.nextElementSibling?.querySelector<HTMLElement>(".chip-name");
      if (next) next.focus();
      else onLeave();
    } else return;
    event.preventDefault();
  };
  return (
    <span class={`address-chip${wrong ? " faulty" : ""}`}>
      <button type="button" class="chip-name" title={written(address)} aria-label={t(wrong ? "compose.chip-wrong" : "compose.chip", { who: written(address) })} onKeyDown={onKeyDown} onDblClick={onEdit}>
        <bdi>{nameOf(address)}</bdi>
      </button>
      <button type="button" class="chip-gone" tabIndex={-1} aria-label={t("compose.chip-remove", { who: nameOf(address) })} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </span>
  );
}
