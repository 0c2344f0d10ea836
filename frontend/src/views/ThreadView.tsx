// A conversation: its subject, and its messages, the oldest first; what was read before is folded.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/words";
import type { Id } from "../jmap/records";
import { offerFocus } from "../keys/focus";
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
  const [chosen, setChosen] = useState<ReadonlyMap<Id, boolean>>(new Map());
  const first = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const begun = useRef<Set<Id> | null>(null); // what was open at the beginning stays so when it has been read
  const known = useRef<Set<Id>>(new Set());
  if (ready) {
    begun.current ??= new Set();
    const news = emailIds.filter((one) => !known.current.has(one));
    if (news.length) for (const one of opened(emailIds)) if (news.includes(one)) begun.current.add(one);
    for (const one of news) known.current.add(one);
  }
  useEffect(() => {
    if (!ready) return;
    offerFocus(heading.current, { preventScroll: true });
    if (first.current?.previousElementSibling?.classList.contains("message")) first.current.scrollIntoView({ block: "start" });
  }, [ready]);
  const isOpen = (one: Id) => chosen.get(one) ?? begun.current?.has(one) ?? false;
  const toggle = (one: Id) => setChosen(new Map(chosen).set(one, !isOpen(one)));
  const subject = emailRow(emailIds[0] ?? "")?.subject?.trim() || t("mail.no-subject");
  const start = emailIds.find(isOpen);
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
        {ready &&
          emailIds.map((one) => (
            <MessageCard key={one} id={one} open={isOpen(one)} onToggle={() => toggle(one)} holder={one === start ? first : undefined} />
          ))}
        {ready && <Slot name="thread.end" threadId={id} />}
      </div>
    </article>
  );
}

const MOST_OPENED = 50; // a frame for each of hundreds is more than a browser bears

// The newest, and all that are unread or starred.
function opened(ids: readonly Id[]): Id[] {
  return ids.filter((id, index) => {
    const keywords = peekRow(id)?.keywords ?? {};
    return index === ids.length - 1 || !("$seen" in keywords) || "$flagged" in keywords;
  }).slice(-MOST_OPENED);
}
