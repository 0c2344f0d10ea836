// The window in which an attachment is looked at; the arrows lead to the next one.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import type { BodyPart } from "../../jmap/records";
import { fileName } from "../../reading/files";
import { problem } from "../../state/toasts";
import { Dialog } from "../../views/Dialog";
import { Icon } from "../../views/Icon";
import { previewed } from "./previewing";

type Shown = ComponentType<{ part: BodyPart }>;

export function PreviewDialog() {
  const what = previewed.value;
  const [found, setFound] = useState<{ Preview: Shown } | null>(null);
  useEffect(() => {
    if (what && !found) import("./Preview").then((module) => setFound({ Preview: module.Preview }), problem);
  }, [what !== null]);
  const part = what?.parts[what.at];
  if (!what || !part) return null;
  const name = fileName(part);
  const step = (by: number) => (previewed.value = { ...what, at: (what.at + by + what.parts.length) % what.parts.length });
  return (
    <Dialog title={name} onClose={() => (previewed.value = null)}>
      <div class="file-preview" key={part.blobId}>{found && <found.Preview part={part} />}</div>
      <p class="file-tools">
        <a class="quiet framed" href={jmap.downloadUrl(part.blobId ?? "", name, part.type)} download={name}>
          <Icon name="download" />
          {t("attachments.download")}
        </a>
        {what.parts.length > 1 && (
          <>
            <button type="button" class="quiet framed" onClick={() => step(-1)}>{t("attachments.previous")}</button>
            <button type="button" class="quiet framed" onClick={() => step(1)}>{t("attachments.next")}</button>
          </>
        )}
      </p>
    </Dialog>
  );
}
