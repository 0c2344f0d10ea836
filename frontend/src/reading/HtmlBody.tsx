// A message's HTML with what belongs to it: the bar about pictures, what is quoted at the end folded away, and notes on what was left out.
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/words";
import type { EmailBody, EmailRow, Id } from "../jmap/records";
import { roleId } from "../state/mailboxes";
import { Icon } from "../views/Icon";
import { HtmlFrame } from "./HtmlFrame";
import { PictureBar } from "./PictureBar";
import { TextBody } from "./TextBody";
import { plainText } from "./plain_text";
import { useProven } from "./proven";
import { type SafeHtml, safeHtml } from "./safe_html";
import { isTrusted } from "./trusted_senders";
import { isDark, isLight } from "./view_choice";

export function HtmlBody({ row, body, onShown }: { row: EmailRow; body: EmailBody; onShown: (parts: ReadonlySet<Id>) => void }) {
  const [asked, setAsked] = useState(false);
  const [found, setFound] = useState<SafeHtml | null | undefined>();
  const [unfolded, setUnfolded] = useState(false);
  const sender = row.from?.[0]?.email ?? "";
  const proven = useProven(row.id);
  const trusted = isTrusted(sender) && !isJunk(row);
  const remote = asked || (trusted && proven === true); // under a trusted name anybody could ask whether this was read
  const undecided = trusted && proven === undefined;
  const dark = isDark() && !isLight(row.id);
  useEffect(() => {
    if (undecided) return;
    let wanted = true;
    safeHtml(row.id, { remote, dark }).then(
      (safe) => wanted && setFound(safe),
      () => wanted && setFound(null),
    );
    return () => void (wanted = false);
  }, [row.id, remote, dark, undecided]);
  useEffect(() => void (found === undefined || onShown(new Set(found?.about.shownParts))), [found]);
  if (found === undefined) return <div class="body" aria-busy="true" />;
  if (found === null || found.about.kind === "none") return <TextBody text={plainText(body)} />;
  const { about, folded, whole } = found;
  return (
    <>
      <PictureBar about={about} sender={proven ? sender : ""} onShow={() => setAsked(true)} />
      {(about.isTruncated || about.isSimplified) && <p class="bar quiet-bar">{t(about.isTruncated ? "reading.truncated" : "reading.simplified")}</p>}
      {found.deceptive.map((one, index) => (
        <p class="bar warn" role="note" key={index}>
          <Icon name="warning" />
          <span>{t("reading.deceptive", { shown: one.shown, real: one.real })}</span>
        </p>
      ))}
      <HtmlFrame html={folded !== null && !unfolded ? folded : whole} />
      {folded !== null && (
        <button type="button" class="unfold" aria-expanded={unfolded} aria-label={t("message.quoted")} title={t("message.quoted")} onClick={() => setUnfolded(!unfolded)}>
          •••
        </button>
      )}
    </>
  );
}

function isJunk(row: EmailRow): boolean {
  const junk = roleId("junk");
  return junk !== undefined && junk in row.mailboxIds;
}
