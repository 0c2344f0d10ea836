// Contacts: people, groups of them and address books; and a message's sender into them.
import type { Feature } from "../feature";
import { go } from "../../state/route";
import { targets } from "../../state/selection";
import { peekRow } from "../../state/emails";
import { AddSender } from "./AddSender";
import { ContactsLink } from "./ContactsLink";

export const contacts: Feature = {
  name: "contacts",
  routes: [{ pattern: "/contacts/:card?", page: () => import("./Contacts") }],
  commands: [
    { id: "go.contacts", keys: ["g c"], icon: "people", run: () => go("/contacts") },
    { id: "contacts.new", icon: "plus", run: () => go("/contacts/new") },
    {
      id: "contacts.add-sender",
      icon: "person-plus",
      when: () => targets().length > 0,
      run: async () => {
        const from = peekRow(targets()[0] ?? "")?.from?.[0];
        if (from) await (await import("./adding")).addPerson(from);
      },
    },
  ],
  slots: { "sidebar.end": [ContactsLink], "message.actions": [AddSender] },
};
