// Beside a message: how to answer it; beside a draft: how to go on with it.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { EmailRow, Id } from "../../jmap/records";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import { Popup } from "../../views/Popup";
import { again, answer, forward, redirect, writeFurther } from "./commands";

type Choice = [string, string, () => Promise<void>];

export function MessageActions({ email }: { email: EmailRow }) {
  const list = useList(email.id);
  const quietly = (work: Promise<void>) => void work.catch(problem);
  if ("$draft" in email.keywords) {
    return (
      <button type="button" class="quiet" onClick={() => quietly(writeFurther(email.id))}>
        <Icon name="draft" />
        {t("compose.further")}
      </button>
    );
  }
  const choices: Choice[] = [
    ["reply-all", "reply-all", () => answer("reply-all", email.id)],
    ...(list ? [["reply-list", "reply-all", () => answer("reply-list", email.id)] as Choice] : []),
    ["forward", "forward", () => forward(false, email.id)],
    ["forward-attached", "attachment", () => forward(true, email.id)],
    ["redirect", "redirect", () => redirect(email.id)],
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

const LIST_POST = "header:List-Post:asURLs";

// Whether it came through a list that takes answers.
function useList(id: Id): boolean {
  const [found, setFound] = useState(false);
  useEffect(() => {
    let late = false;
    const asked = jmap.call("Email/get", { ids: [id], properties: ["id", LIST_POST] });
    asked.then(
      ({ list }) => !late && setFound(((list[0] as unknown as Record<string, string[] | null>)?.[LIST_POST] ?? []).some((url) => /^mailto:/i.test(url))),
      () => {},
    );
    return () => void (late = true);
  }, [id]);
  return found;
}
