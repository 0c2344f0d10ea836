// What came with a message, to be downloaded.
import { size } from "../i18n/sizes";
import { t } from "../i18n/words";
import { jmap } from "../jmap/client";
import type { BodyPart } from "../jmap/records";
import { Icon } from "./Icon";
import { Slot } from "./Slot";

export function AttachmentList({ parts }: { parts: readonly BodyPart[] }) {
  const files = parts.filter((part) => part.blobId && !(part.disposition === "inline" && part.cid));
  if (!files.length) return null;
  return (
    <ul class="attachments" aria-label={t("message.attachments", { count: files.length })}>
      {files.map((part) => {
        const name = part.name?.trim() || t("message.unnamed", { type: part.type });
        return (
          <li key={part.blobId}>
            <a href={jmap.downloadUrl(part.blobId ?? "", name, part.type)} download={name}>
              <Icon name="attachment" />
              <span class="file" dir="auto">
                {name}
              </span>
              <span class="octets">{size(part.size)}</span>
            </a>
            <Slot name="attachment.actions" part={part} parts={files} />
          </li>
        );
      })}
    </ul>
  );
}
