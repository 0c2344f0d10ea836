// Who is in a group.
import { t } from "../../i18n/words";
import { problem } from "../../state/toasts";
import { Avatar } from "../../views/Avatar";
import { Icon } from "../../views/Icon";
import { MemberField } from "./MemberField";
import { membersOf, ordered } from "./book";
import { cardName, isGroup, mainEmail } from "./cards";
import { setMember } from "./changing";
import type { Card } from "./records";

export function GroupMembers({ group }: { group: Card }) {
  const members = membersOf(group);
  const others = ordered.value.filter((one) => !isGroup(one) && !(one.uid in (group.members ?? {})));
  return (
    <section class="members" aria-label={t("contacts.members-title")}>
      <h2>{t("contacts.members", { count: members.length })}</h2>
      <ul>
        {members.map((one) => (
          <li key={one.id}>
            <Avatar address={{ name: cardName(one), email: mainEmail(one) || one.uid }} />
            <a href={`/mail/contacts/${one.id}`} dir="auto">{cardName(one)}</a>
            <span class="contact-below"><bdi>{mainEmail(one)}</bdi></span>
            <button type="button" class="quiet small" aria-label={t("contacts.take-out", { name: cardName(one) })} title={t("contacts.take-out", { name: cardName(one) })} onClick={() => void setMember(group, one, false).catch(problem)}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      {others.length > 0 && <MemberField among={others} onChoose={(one) => void setMember(group, one, true).catch(problem)} />}
    </section>
  );
}
