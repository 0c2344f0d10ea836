// Pictures, sounds and films from this page's own memory; PDF in a tab of its own, since browsers show it in no sandbox.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import type { BodyPart } from "../../jmap/records";
import { Icon } from "../../views/Icon";
import { Waiting } from "./Waiting";
import { kindOf } from "./kinds";
import { octetsOf } from "./previewing";

const PDF = [0x25, 0x50, 0x44, 0x46]; // %PDF

export function MediaPreview({ part }: { part: BodyPart }) {
  const [url, setUrl] = useState("");
  const [error, setError] = useState<Error>();
  const kind = kindOf(part);
  useEffect(() => {
    let made = "";
    let wanted = true;
    octetsOf(part).then((octets) => {
      if (!wanted) return;
      const start = new Uint8Array(octets.slice(0, 4));
      if (kind === "pdf" && !PDF.every((octet, index) => start[index] === octet)) throw new Error(t("attachments.not-pdf"));
      made = URL.createObjectURL(new Blob([octets], { type: kind === "pdf" ? "application/pdf" : part.type }));
      setUrl(made);
    }).catch((wrong: Error) => wanted && setError(wrong));
    return () => {
      wanted = false;
      if (made) setTimeout(() => URL.revokeObjectURL(made), kind === "pdf" ? 60_000 : 0);
    };
  }, [part.blobId]);
  if (!url) return <Waiting error={error} />;
  const name = part.name ?? part.type;
  if (kind === "image") return <img src={url} alt={name} onError={() => setError(new Error(t("attachments.broken")))} />;
  if (kind === "audio") return <audio controls src={url} aria-label={name} />;
  if (kind === "video") return <video controls src={url} aria-label={name} />;
  return (
    <p>
      <a class="quiet framed" href={url} target="_blank" rel="noopener">
        <Icon name="eye" />
        {t("attachments.open-pdf")}
      </a>
    </p>
  );
}
