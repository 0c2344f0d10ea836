// What can be done with contacts as a whole, and the windows for it.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { go } from "../../state/route";
import { Icon } from "../../views/Icon";
import { Popup } from "../../views/Popup";
import { BooksDialog } from "./BooksDialog";
import { DuplicatesDialog } from "./DuplicatesDialog";
import { ExportDialog } from "./ExportDialog";
import { ImportDialog } from "./ImportDialog";

const DIALOGS = { import: ImportDialog, export: ExportDialog, duplicates: DuplicatesDialog, books: BooksDialog };
const ICONS = { import: "upload", export: "download", duplicates: "people", books: "folder" };
type Name = keyof typeof DIALOGS;

export function ContactMenu() {
  const [open, setOpen] = useState<Name | null>(null);
  const Open = open && DIALOGS[open];
  return (
    <>
      <Popup label={t("contacts.more")} button={<Icon name="more" />}>
        <button type="button" onClick={() => go("/contacts/new-group")}>
          <Icon name="plus" />
          {t("contacts.new-group")}
        </button>
        {(Object.keys(DIALOGS) as Name[]).map((name) => (
          <button key={name} type="button" onClick={() => setOpen(name)}>
            <Icon name={ICONS[name]} />
            {t(`contacts.${name}`)}
          </button>
        ))}
      </Popup>
      {Open && <Open onClose={() => setOpen(null)} />}
    </>
  );
}
