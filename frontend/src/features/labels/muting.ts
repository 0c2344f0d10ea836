// Muted conversations: by the keyword $muted, which the server heeds when something comes to them.
import { t } from "../../i18n/words";
import type { Id } from "../../jmap/records";
import { archive, moveTo, setKeywords } from "../../mail/actions";
import { conversation } from "../../state/emails";
import { needRole } from "../../state/mailboxes";
import { everything } from "../../state/selection";

export const isMuted = (ids: readonly Id[]): boolean => ids.length > 0 && ids.every((id) => conversation(id).some((row) => "$muted" in row.keywords));

export async function mute(ids: readonly Id[]): Promise<void> {
  const keywords = { $muted: true, $seen: true };
  if (everything.peek()) return moveTo(ids, await needRole("archive"), "", keywords); // one change of all, not a second one of those that are known
  await setKeywords(ids, keywords, "");
  await archive(ids);
}

export function unmute(ids: readonly Id[]): Promise<void> {
  return setKeywords(ids, { $muted: false }, t("labels.unmuted"));
}
