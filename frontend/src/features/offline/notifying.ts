// New mail is told of by the desktop while the window is not looked at; only where somebody has asked for it.
import { effect, signal } from "@preact/signals";
import { t } from "../../i18n/words";
import type { EmailRow } from "../../jmap/records";
import { nameOf } from "../../mail/people";
import { roleId } from "../../state/mailboxes";
import { go } from "../../state/route";
import { arrivals } from "../../state/sync";

const KEY = "postroom.notify";
const MOST = 3; // at once; beyond that one tells of all

export const notifies = signal(localStorage.getItem(KEY) === "1" && permission() === "granted");

export function permission(): NotificationPermission | "unsupported" {
  return "Notification" in globalThis ? Notification.permission : "unsupported";
}

/** Turns them on or off. The browser asks only here, when somebody has pressed something. */
export async function setNotifies(on: boolean): Promise<void> {
  const granted = on && (await Notification.requestPermission()) === "granted";
  notifies.value = granted;
  if (granted) localStorage.setItem(KEY, "1");
  else localStorage.removeItem(KEY);
}

export function tellOfArrivals(): void {
  effect(() => {
    const news = arrivals.value;
    if (!notifies.peek() || (document.visibilityState === "visible" && document.hasFocus())) return;
    const inbox = roleId("inbox") ?? "";
    const mine = news.filter((row) => inbox in row.mailboxIds);
    if (mine.length > MOST) void tell(t("notify.several", { count: mine.length }), "", "/folder/inbox", "several");
    else for (const row of mine) void tellOf(row);
  });
}

function tellOf(row: EmailRow): Promise<void> {
  const who = (row.from ?? []).map(nameOf).join(", ") || t("list.no-sender");
  return tell(who, row.subject?.trim() || t("mail.no-subject"), `/folder/inbox/${row.threadId}`, row.id);
}

async function tell(title: string, body: string, path: string, tag: string): Promise<void> {
  const options = { body, tag, icon: "/mail/icon-192.png", data: { path } };
  const worker = await navigator.serviceWorker?.getRegistration("/mail/");
  if (worker?.active) return worker.showNotification(title, options);
  const shown = new Notification(title, options);
  shown.onclick = () => {
    window.focus();
    go(path);
    shown.close();
  };
}
