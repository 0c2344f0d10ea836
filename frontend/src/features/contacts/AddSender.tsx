// At a message: its sender into the contacts.
import { t } from "../../i18n/words";
import type { EmailRow } from "../../jmap/records";
import { isMe } from "../../state/session";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";

export function AddSender({ email }: { email: EmailRow }) {
  const from = email.from?.[0];
  if (!from || isMe(from.email)) return null;
  const title = t("command.contacts.add-sender");
  const add = () => void import("./adding").then((module) => module.addPerson(from)).catch(problem);
  return (
    <button type="button" class="quiet small" aria-label={title} title={title} onClick={add}>
      <Icon name="person-plus" />
    </button>
  );
}
