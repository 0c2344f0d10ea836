// What can be done with the conversation that is open.
import { COMMANDS } from "../features/table";
import { t } from "../i18n/words";
import { CommandButton } from "./CommandButton";
import { Slot } from "./Slot";

const MAIN = ["mail.archive", "mail.not-spam", "mail.spam", "mail.delete", "mail.move", "mail.unread", "mail.star", "mail.unstar"];

export function Toolbar() {
  return (
    <div class="toolbar" role="toolbar" aria-label={t("reading.tools")}>
      {MAIN.map((id) => COMMANDS.find((command) => command.id === id)).map((command) => command && <CommandButton key={command.id} command={command} />)}
      <span class="gap" />
      <Slot name="toolbar.end" />
      {["list.previous", "list.next"].map((id) => (
        <StepButton key={id} id={id} />
      ))}
    </div>
  );
}

function StepButton({ id }: { id: string }) {
  const command = COMMANDS.find((one) => one.id === id);
  return command ? <CommandButton command={{ ...command, icon: id === "list.next" ? "down" : "up" }} /> : null;
}
