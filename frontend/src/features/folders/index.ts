// Mailboxes of one's own: made, renamed, moved, deleted.
import type { Feature } from "../feature";
import { FolderDialog } from "./FolderDialog";
import { FolderMenu, NewFolder } from "./FolderMenu";
import { asked } from "./asked";

export const folders: Feature = {
  name: "folders",
  commands: [{ id: "folders.new", icon: "plus", run: () => void (asked.value = { kind: "new", parent: null }) }],
  slots: { "sidebar.folders": [NewFolder], "mailbox.actions": [FolderMenu], overlay: [FolderDialog] },
};
