// The buttons of a message: send it now or later, add files, with or without formatting, throw it away.
import { useRef } from "preact/hooks";
import { t } from "../../../i18n/words";
import { problem } from "../../../state/toasts";
import { Icon } from "../../../views/Icon";
import { mostHeld } from "../limits";
import { discard } from "../open";
import { send } from "../sending";
import { switchRich } from "../switching";
import { attach } from "../uploads";
import type { Compose } from "../windows";
import { LaterMenu } from "./LaterMenu";

export function Foot({ one }: { one: Compose }) {
  const files = useRef<HTMLInputElement>(null);
  const rich = one.draft.value.rich;
  const chosen = () => {
    attach(one, [...(files.current?.files ?? [])]);
    if (files.current) files.current.value = "";
  };
  return (
    <footer class="compose-foot">
      <button type="button" class="primary" aria-keyshortcuts="Control+Enter" title={`${t("compose.send")} (Ctrl+Enter)`} onClick={() => void send(one).catch(problem)}>
        {t("compose.send")}
      </button>
      {mostHeld() > 0 && <LaterMenu one={one} />}
      <input type="file" multiple hidden ref={files} onChange={chosen} />
      <Tool name="attachment" title={t("compose.attach")} onClick={() => files.current?.click()} />
      <Tool name="format" title={t("compose.rich")} pressed={rich} onClick={() => switchRich(one)} />
      <span class="compose-space" />
      <Tool name="trash" title={t("compose.discard")} onClick={() => void discard(one).catch(problem)} />
    </footer>
  );
}

function Tool({ name, title, onClick, pressed }: { name: string; title: string; onClick: () => void; pressed?: boolean }) {
  return (
    <button type="button" class="quiet" aria-label={title} aria-pressed={pressed} title={title} onClick={onClick}>
      <Icon name={name} />
    </button>
  );
}
