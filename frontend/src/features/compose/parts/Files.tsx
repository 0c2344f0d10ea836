// The files of a message, with how far each is on its way. Pictures in the text are not among them.
import { size } from "../../../i18n/sizes";
import { t } from "../../../i18n/words";
import { Icon } from "../../../views/Icon";
import type { Attached } from "../draft";
import { detach } from "../uploads";
import type { Compose } from "../windows";

export function Files({ one }: { one: Compose }) {
  const draft = one.draft.value;
  const wrong = one.wrong.value.files;
  const files = draft.files.filter((file) => !file.cid || !file.blobId || !draft.rich);
  const shown = draft.rich ? files : files.filter((file) => !file.cid);
  return (
    <>
      {shown.length > 0 && (
        <ul class="compose-files" aria-label={t("message.attachments", { count: shown.length })}>
          {shown.map((file) => (
            <File key={file.key} file={file} onRemove={() => detach(one, file.key)} />
          ))}
        </ul>
      )}
      {wrong && (
        <p class="compose-wrong" role="alert">
          {wrong}
        </p>
      )}
    </>
  );
}

function File({ file, onRemove }: { file: Attached; onRemove: () => void }) {
  const coming = !file.blobId && !file.failed;
  return (
    <li class={`compose-file${file.failed ? " failed" : ""}`}>
      <Icon name="attachment" />
      <span class="file" dir="auto" title={file.name}>
        {file.name}
      </span>
      <span class="octets">{file.failed || size(file.size)}</span>
      {coming && <progress max={1} value={file.progress} aria-label={t("compose.uploading", { name: file.name })} />}
      <button type="button" class="quiet small" aria-label={t("compose.file-remove", { name: file.name })} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </li>
  );
}
