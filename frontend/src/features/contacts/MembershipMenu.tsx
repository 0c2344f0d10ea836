// The groups that somebody is in, to be changed.
import { t } from "../../i18n/words";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { Popup } from "../../views/Popup";
import { groups } from "./book";
import { cardName } from "./cards";
import { setMember } from "./changing";
import type { Card } from "./records";

export function MembershipMenu({ card }: { card: Card }) {
  if (!groups.value.length) return null;
  return (
    <Popup label={t("contacts.groups")} button={<Icon name="people" />}>
      <fieldset class="memberships">
        <legend>{t("contacts.groups")}</legend>
        {groups.value.map((group) => (
          <label class="contact-check" key={group.id}>
            <input type="checkbox" checked={card.uid in (group.members ?? {})} onChange={(event) => void setMember(group, card, event.currentTarget.checked).catch(problem)} />
            <span dir="auto">{cardName(group)}</span>
          </label>
        ))}
      </fieldset>
    </Popup>
  );
}
