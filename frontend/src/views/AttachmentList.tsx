// What came with a message, to be downloaded.
import { size } from "../i18n/sizes";
import { t } from "../i18n/words";
import { jmap } from "../jmap/client";
import type { BodyPart, EmailRow } from "../jmap/records";
import { fileName, halves } from "../reading/files";
import { Icon } from "./Icon";
import { Slot } from "./Slot";

/** `email`: of which these are all. */
export function AttachmentList({ files, email }: { files: readonly BodyPart[]; email?: EmailRow }) {
  if (!files.length) return null;
  return (
    <ul class="attachments" aria-label={t("message.attachments", { count: files.length })}>
      {files.map((part) => {
        const name = fileName(part);
        const [stem, ending] = halves(name);
        return (
          <li key={part.blobId}>
            <a href={jmap.downloadUrl(part.blobId ?? "", name, part.type)} download={name} title={name} aria-label={`${name} ${size(part.size)}`}>
              <Icon name="attachment" />
              <span class="file" dir="auto">
                <span class="stem">{stem}</span>
                {ending}
              </span>
              <span class="octets">{size(part.size)}</span>
            </a>
            <Slot name="attachment.actions" part={part} parts={files} />
          </li>
        );
      })}
      {email && files.length > 1 && <Together email={email} />}
    </ul>
  );
}

// All of them as one file.
function Together({ email }: { email: EmailRow }) {
  const name = `${email.subject?.trim().slice(0, 100) || t("message.attached")}.zip`;
  const url = jmap.attachmentsUrl(email.id, name);
  if (!url) return null;
  return (
    <li>
      <a href={url} download={name}>
        <Icon name="download" />
        {t("message.download-all")}
      </a>
    </li>
  );
}
