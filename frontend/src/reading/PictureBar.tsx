// Pictures of other hosts are not fetched unasked: that would tell the sender that and when the message is read.
import { t } from "../i18n/words";
import { Icon } from "../views/Icon";
import type { MessageHtml } from "./safe_html";
import { isTrusted, trust } from "./trusted_senders";

interface Props {
  about: Omit<MessageHtml, "html">;
  /** Who is proven to have sent it, and can be trusted with it; "": nobody. */
  sender: string;
  onShow: () => void;
}

const MOST_NAMED = 3;

export function PictureBar({ about, sender, onShow }: Props) {
  const { blocked, trackers, shown } = about;
  if (!blocked.count && !trackers.count && !shown.count) return null;
  if (!blocked.count) {
    if (shown.count && isTrusted(sender)) return <Trusted sender={sender} hosts={shown.hosts} />;
    return trackers.count ? <p class="bar quiet-bar">{t("reading.trackers", { count: trackers.count, hosts: named(trackers.hosts) })}</p> : null;
  }
  return (
    <div class="bar" role="note">
      <Icon name="picture" />
      <span>
        {t("reading.blocked", { count: blocked.count, hosts: named(blocked.hosts) })}
        {trackers.count > 0 && ` ${t("reading.trackers", { count: trackers.count, hosts: named(trackers.hosts) })}`}
      </span>
      <span class="choices-in-line">
        <button type="button" class="link" onClick={onShow}>{t("reading.show")}</button>
        {sender && <button type="button" class="link" onClick={() => trust(sender, true)}>{t("reading.always", { who: sender })}</button>}
      </span>
    </div>
  );
}

function Trusted({ sender, hosts }: { sender: string; hosts: string[] }) {
  return (
    <p class="bar quiet-bar">
      {t("reading.shown", { hosts: named(hosts) })}{" "}
      <button type="button" class="link" onClick={() => trust(sender, false)}>{t("reading.no-longer", { who: sender })}</button>
    </p>
  );
}

function named(hosts: readonly string[]): string {
  const first = hosts.slice(0, MOST_NAMED).join(", ");
  return hosts.length > MOST_NAMED ? t("reading.and-more", { hosts: first, count: hosts.length - MOST_NAMED }) : first;
}
