// The parts of a message, one within the other, each with its size and to be downloaded.
import { size } from "../../i18n/sizes";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { seen } from "../../mail/people";
import { endingOf } from "../../reading/files";
import { Icon } from "../../views/Icon";
import type { TreePart } from "./source";

export function PartTree({ root }: { root: TreePart }) {
  return (
    <ul class="parts">
      <PartNode part={root} />
    </ul>
  );
}

function PartNode({ part }: { part: TreePart }) {
  const name = seen(part.name ?? "");
  const file = name || `${t("source.part", { id: part.partId ?? "" })}.${endingOf(part.type)}`;
  const about = [part.charset, part.disposition, part.cid && `cid:${part.cid}`].filter(Boolean).join(", ");
  return (
    <li>
      <p class="part">
        <code>{part.type}</code>
        {name && <span dir="auto">{name}</span>}
        {about && <span class="note">{about}</span>}
        <span class="octets">{size(part.size)}</span>
        {part.blobId && (
          <a class="quiet small" href={jmap.downloadUrl(part.blobId, file, part.type)} download={file} aria-label={t("source.download-part", { name: file })} title={t("source.download-part", { name: file })}>
            <Icon name="download" />
          </a>
        )}
      </p>
      {part.subParts && part.subParts.length > 0 && (
        <ul>
          {part.subParts.map((one, index) => <PartNode key={index} part={one} />)}
        </ul>
      )}
    </li>
  );
}
