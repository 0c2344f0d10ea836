// Beside a message: how to answer it; beside a draft: how to go on with it.
import { t } from "../../i18n/words";
import type { EmailRow } from "../../jmap/records";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { Popup } from "../../views/Popup";
import { again, answer, forward, writeFurther } from "./commands";

export function MessageActions({ email }: { email: EmailRow }) {
  const quietly = (work: Promise<void>) => void work.catch(problem);
  if ("$draft" in email.keywords) {
    return (
      <button type="button" class="quiet" onClick={() => quietly(writeFurther(email.id))}>
        <Icon name="draft" />
        {t("compose.further")}
      </button>
    );
  }
  const choices: [string, string, () => Promise<void>][] = [
    ["reply-all", "reply-all", () => answer("reply-all", email.id)],
    ["reply-list", "reply-all", () => answer("reply-list", email.id)],
    ["forward", "forward", () => forward(false, email.id)],
    ["forward-attached", "attachment", () => forward(true, email.id)],
    ["again", "draft", () => again(email.id)],
  ];
  const title = t("command.compose.reply");
  return (
    <>
      <button type="button" class="quiet" aria-label={title} title={title} onClick={() => quietly(answer("reply", email.id))}>
        <Icon name="reply" />
      </button>
      <Popup label={t("compose.answers")} button={<Icon name="down" />}>
        {choices.map(([name, icon, run]) => (
          <button key={name} type="button" onClick={() => quietly(run())}>
            <Icon name={icon} />
            {t(`command.compose.${name}`)}
          </button>
        ))}
      </Popup>
    </>
  );
}
