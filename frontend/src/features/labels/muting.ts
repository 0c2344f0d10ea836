// Muted conversations: by the keyword $muted, which the server heeds when something comes to them.
import { t } from "../../i18n/words";
import type { Id } from "../../jmap/records";
import { archive, setKeywords } from "../../mail/actions";
import { conversation } from "../../state/emails";

export const isMuted = (ids: readonly Id[]): boolean => ids.length > 0 && ids.every((id) => conversation(id).some((row) => "$muted" in row.keywords));

export async function mute(ids: readonly Id[]): Promise<void> {
  await setKeywords(ids, { $muted: true, $seen: true }, "");
  await archive(ids);
}

export function unmute(ids: readonly Id[]): Promise<void> {
  return setKeywords(ids, { $muted: false }, t("labels.unmuted"));
}
