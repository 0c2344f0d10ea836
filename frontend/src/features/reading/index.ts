// Reading and sorting: mailboxes as lists, and what is done with conversations.
import { t } from "../../i18n/words";
import type { Feature } from "../feature";
import { folderKey, folderOf, mailboxName } from "../../state/mailboxes";
import { COMMANDS } from "./commands";
import { MoveMenu } from "./MoveMenu";

export const reading: Feature = {
  name: "reading",
  routes: [
    {
      pattern: "/folder/:folder/:thread?",
      list: ({ folder = "" }) => {
        const box = folderOf(folder);
        if (!box) return null;
        const key = encodeURIComponent(folderKey(box));
        return { key: `folder ${box.id}`, path: `/folder/${key}`, title: mailboxName(box), filter: { inMailbox: box.id }, mailboxId: box.id };
      },
    },
    {
      pattern: "/starred/:thread?",
      list: () => ({ key: "starred", path: "/starred", title: t("mailbox.flagged"), filter: { hasKeyword: "$flagged" } }),
    },
  ],
  commands: COMMANDS,
  slots: { overlay: [MoveMenu] },
};
