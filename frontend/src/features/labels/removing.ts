// A label goes: from the list, and from all mail that has it, which the server does and which can be taken back.
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { followBegun } from "../../state/bulk";
import { done } from "../../state/undo";
import { go, place } from "../../state/route";
import { type Label, changeLabel, dropLabel } from "./labels";

export async function removeLabel(label: Label): Promise<void> {
  const filter = { hasKeyword: label.keyword };
  const { total = 0 } = await jmap.call("Email/query", { filter, limit: 0, calculateTotal: true });
  if (total && !confirm(t("labels.ask-delete", { name: label.name, count: total }))) return;
  await dropLabel(label);
  if (place.peek().path.startsWith(`/label/${encodeURIComponent(label.keyword)}`)) go("/folder/inbox");
  done(t("labels.deleted", { name: label.name }), () => changeLabel(label, {}));
  if (!total) return;
  const made = { name: t("bulk.name.unlabel", { list: label.name }), filter, keywords: { [label.keyword]: false } };
  await followBegun(await jmap.call("BulkChange/set", { create: { made } }));
}
