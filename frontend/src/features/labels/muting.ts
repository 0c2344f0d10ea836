// Muted conversations: what comes to them is read and out of the way at once, as long as a window of the web mail is open.
import { effect } from "@preact/signals";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { EmailRow, Id } from "../../jmap/records";
import { archive, setKeywords } from "../../mail/actions";
import { change } from "../../state/changing";
import { conversation } from "../../state/emails";
import { byRole, needRole } from "../../state/mailboxes";
import { arrivals } from "../../state/sync";
import { problem } from "../../state/toasts";

export const isMuted = (ids: readonly Id[]): boolean => ids.length > 0 && ids.every((id) => conversation(id).some((row) => "$muted" in row.keywords));

export async function mute(ids: readonly Id[]): Promise<void> {
  await setKeywords(ids, { $muted: true, $seen: true }, "");
  await archive(ids);
}

export function unmute(ids: readonly Id[]): Promise<void> {
  return setKeywords(ids, { $muted: false }, t("labels.unmuted"));
}

export function followMuted(): void {
  effect(() => {
    const news = arrivals.value;
    if (news.length) void quiet(news).catch(problem);
  });
}

async function quiet(news: readonly EmailRow[]): Promise<void> {
  const inbox = byRole("inbox")?.id;
  const here = news.filter((row) => inbox !== undefined && inbox in row.mailboxIds);
  if (!here.length || !inbox) return;
  const threads = jmap.call("Thread/get", { ids: [...new Set(here.map((row) => row.threadId))] });
  const emails = jmap.call("Email/get", { "#ids": threads.at("/list/*/emailIds"), properties: ["id", "threadId", "keywords"] });
  const [, found] = await Promise.all([threads, emails]);
  const muted = new Set(found.list.filter((row) => "$muted" in row.keywords).map((row) => row.threadId));
  const away = here.filter((row) => muted.has(row.threadId));
  if (!away.length) return;
  const archived = await needRole("archive");
  await change(away, () => ({ keywords: { $muted: true, $seen: true }, mailboxIds: { [inbox]: false, [archived]: true } }), "");
}
