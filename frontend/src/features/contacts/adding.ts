// Somebody from a message into the contacts.
import { t } from "../../i18n/words";
import type { Address } from "../../jmap/records";
import { go } from "../../state/route";
import { toast } from "../../state/toasts";
import { byEmail, loadContacts } from "./book";
import { cardName } from "./cards";
import { makeTold } from "./changing";

/** Makes a card of a name and an address; who is known already is only told of. */
export async function addPerson(address: Address): Promise<void> {
  await loadContacts();
  const known = byEmail(address.email);
  if (known) {
    toast(t("contacts.known", { name: cardName(known) }), { action: { label: t("contacts.show"), run: () => go(`/contacts/${known.id}`) } });
    return;
  }
  await makeTold({ name: nameOf(address.name?.trim() ?? ""), emails: { e1: { address: address.email } } });
}

// "Crêpe, Alice" and "Alice Crêpe" as given name and surname; anything else as it is.
function nameOf(name: string): object | null {
  if (!name) return null;
  const [before, after] = name.split(", ");
  const words = after ? [after, before ?? ""] : name.split(/\s+/);
  if (words.length !== 2) return { full: name };
  const components = [{ kind: "given", value: words[0] ?? "" }, { kind: "surname", value: words[1] ?? "" }];
  return { full: words.join(" "), components };
}
