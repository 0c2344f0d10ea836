// A text as text, whatever it claims to be.
import { t } from "../../i18n/words";
import type { BodyPart } from "../../jmap/records";
import { Waiting } from "./Waiting";
import { useLoaded } from "./loaded";
import { textOf } from "./previewing";

const MOST = 1_000_000;

export function TextPreview({ part }: { part: BodyPart }) {
  const text = useLoaded(() => textOf(part), part.blobId);
  if (text === undefined || text instanceof Error) return <Waiting error={text} />;
  return (
    <>
      {text.length > MOST && <p class="note">{t("attachments.cut")}</p>}
      <pre dir="auto" tabIndex={0}>{text.slice(0, MOST)}</pre>
    </>
  );
}
