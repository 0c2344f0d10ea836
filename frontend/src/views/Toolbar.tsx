// What can be done with the conversation that is open.
import { command } from "../commands/run";
import { t } from "../i18n/words";
import { CommandButton } from "./CommandButton";
import { Slot } from "./Slot";

const MAIN = ["mail.archive", "mail.not-spam", "mail.spam", "mail.delete", "mail.snooze", "mail.wake", "mail.move", "labels.label", "mail.unread", "mail.star", "mail.unstar"];

export function Toolbar() {
  return (
    <div class="toolbar" role="toolbar" aria-label={t("reading.tools")}>
      {MAIN.map(command).map((one) => one && <CommandButton key={one.id} command={one} />)}
      <span class="gap" />
      <Slot name="toolbar.end" />
      {["list.previous", "list.next"].map((id) => (
        <StepButton key={id} id={id} />
      ))}
    </div>
  );
}

function StepButton({ id }: { id: string }) {
  const found = command(id);
  return found ? <CommandButton command={{ ...found, icon: id === "list.next" ? "down" : "up" }} /> : null;
}
