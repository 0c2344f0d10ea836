// Whether the desktop tells of new mail; the browser asks for leave when this is pressed.
import { t } from "../../i18n/words";
import { problem, toast } from "../../state/toasts";
import { notifies, permission, setNotifies } from "./notifying";

export function NotificationSwitch() {
  if (permission() === "unsupported") return null;
  const change = async (event: Event) => {
    const box = event.currentTarget as HTMLInputElement;
    await setNotifies(box.checked);
    if (box.checked && !notifies.value) {
      box.checked = false;
      toast(t("notify.denied"), { kind: "problem" });
    }
  };
  return (
    <label class="notify">
      <input type="checkbox" checked={notifies.value} onChange={(event) => void change(event).catch(problem)} />
      <span>{t("notify.desktop")}</span>
    </label>
  );
}
