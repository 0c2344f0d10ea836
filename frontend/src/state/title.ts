// The window's title: what is open, whose it is, and how much waits to be read.
import { computed, effect, signal } from "@preact/signals";
import { number, t } from "../i18n/words";
import { source } from "./list";
import { byRole, mailboxes } from "./mailboxes";
import { session } from "./session";

/** What a page is about that is no list of mail; "" otherwise. */
export const pageTitle = signal("");

/** Conversations in the inbox that wait to be read. */
export const waiting = computed(() => (mailboxes.value.size ? (byRole("inbox")?.unreadThreads ?? 0) : 0));

type Badge = { setAppBadge?: (count: number) => Promise<void>; clearAppBadge?: () => Promise<void> };

/** Keeps it from now on; on an installed application the count is on its icon as well. */
export function keepTitle(): void {
  effect(() => {
    const what = pageTitle.value || source.value?.title;
    const who = session.value?.username;
    const title = what && who ? t("frame.title", { what, who }) : "Postroom";
    document.title = waiting.value && who ? t("frame.title-count", { count: number(waiting.value), title }) : title;
  });
  effect(() => {
    const badge = navigator as Badge;
    void (waiting.value && session.value ? badge.setAppBadge?.(waiting.value) : badge.clearAppBadge?.())?.catch(() => {});
  });
}
