// Opens an attachment in the window of previews, when it can be shown.
import { t } from "../../i18n/words";
import type { BodyPart } from "../../jmap/records";
import { fileName } from "../../reading/files";
import { Icon } from "../../views/Icon";
import { kindOf } from "./kinds";
import { previewed } from "./previewing";

export function PreviewButton({ part, parts }: { part: BodyPart; parts: readonly BodyPart[] }) {
  if (kindOf(part) === null) return null;
  const label = t("attachments.look", { name: fileName(part) });
  const open = () => {
    const shown = parts.filter((one) => kindOf(one) !== null);
    previewed.value = { parts: shown, at: shown.indexOf(part) };
  };
  return (
    <button type="button" class="quiet look" aria-label={label} title={label} onClick={open}>
      <Icon name="eye" />
    </button>
  );
}
