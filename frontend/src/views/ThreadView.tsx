// A conversation: its subject, and its messages, the oldest first; what was read before is folded.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words";
import type { Id } from "../jmap/records";
import { peekRow, emailRow } from "../state/emails";
import { source } from "../state/list";
import { BASE } from "../state/route";
import type { OpenThread } from "../state/thread";
import { Icon } from "./Icon";
import { MessageCard } from "./MessageCard";
import { Slot } from "./Slot";
import { Toolbar } from "./Toolbar";

export function ThreadView({ thread }: { thread: OpenThread }) {
  const { id, emailIds, ready } = thread;
  const [unfolded, setUnfolded] = useState<ReadonlySet<Id> | null>(null);
  const first = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!ready) return;
    setUnfolded((before) => new Set([...(before ?? []), ...opened(emailIds)]));
  }, [ready, emailIds.join()]);
  useEffect(() => {
    if (!unfolded) return;
    heading.current?.focus({ preventScroll: true });
    if (first.current?.previousElementSibling) first.current.scrollIntoView({ block: "start" });
  }, [unfolded !== null]);
  const toggle = (one: Id) => {
    const next = new Set(unfolded);
    if (!next.delete(one)) next.add(one);
    setUnfolded(next);
  };
  const subject = emailRow(emailIds[0] ?? "")?.subject?.trim() || t("mail.no-subject");
  const start = emailIds.find((one) => unfolded?.has(one));
  return (
    <article class="thread" aria-busy={!ready}>
      <Toolbar />
      <div class="scroll">
        <header class="thread-head">
          <a class="quiet back" href={BASE + (source.value?.path ?? "/")} aria-label={t("command.list.back")}>
            <Icon name="back" />
          </a>
          <h1 tabIndex={-1} ref={heading} dir="auto">
            {emailIds.length ? subject : ready ? t("reading.gone") : ""}
          </h1>
        </header>
        <Slot name="thread.start" threadId={id} />
        {ready && unfolded &&
          emailIds.map((one) => (
            <MessageCard key={one} id={one} open={unfolded.has(one)} onToggle={() => toggle(one)} holder={one === start ? first : undefined} />
          ))}
        {ready && <Slot name="thread.end" threadId={id} />}
      </div>
    </article>
  );
}

// The newest, and all that are unread or starred.
function opened(ids: readonly Id[]): Id[] {
  return ids.filter((id, index) => {
    const keywords = peekRow(id)?.keywords ?? {};
    return index === ids.length - 1 || !("$seen" in keywords) || "$flagged" in keywords;
  });
}
