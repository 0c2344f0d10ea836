// A message as it is: its way by its Received fields, all header fields, its parts with their sizes, and its octets.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { OWN_PAGE, jmap } from "../../jmap/client";
import { emailRow } from "../../state/emails";
import { BASE } from "../../state/route";
import { problem } from "../../state/toasts";
import { Icon } from "../../views/Icon";
import type { Values } from "../feature";
import { PageHead } from "./PageHead";
import { PartTree } from "./PartTree";
import { ReportView } from "./ReportView";
import { factsOf } from "./facts";
import type { Report } from "./records";
import { type Source, sourceOf } from "./source";
import { useEmail } from "./use_email";

const MOST_SHOWN = 1_000_000; // octets of the message that are shown; all of it can be downloaded

export default function SourcePage({ values }: { values: Values }) {
  const id = values["email"] ?? "";
  const [source, setSource] = useState<Source | null>(null);
  const [report, setReport] = useState<Report | null>(null);
  useEmail(id);
  useEffect(() => {
    setSource(null);
    setReport(null);
    Promise.all([sourceOf(id).then(setSource), factsOf(id).then((facts) => setReport(facts.report))]).catch(problem);
  }, [id]);
  const subject = emailRow(id)?.subject?.trim() || t("mail.no-subject");
  const file = source && jmap.downloadUrl(source.blobId, `${subject}.eml`, "message/rfc822");
  return (
    <div class="knowing source" aria-busy={!source}>
      <PageHead title={t("source.title")} subtitle={subject} emailId={id} />
      {source && file && (
        <>
          <p class="file-tools">
            <a class="quiet framed" href={file} download={`${subject}.eml`}>
              <Icon name="download" />
              {t("source.download")}
            </a>
            <a class="quiet framed" href={`${BASE}/headers`}>{t("source.other")}</a>
          </p>
          <h2>{t("source.parts")}</h2>
          <PartTree root={source.root} />
          {report && <ReportView report={report} />}
          <h2>{t("source.fields", { count: source.headers.length })}</h2>
          <dl class="header-fields" dir="ltr">
            {source.headers.map((field, index) => (
              <div key={index}>
                <dt>{field.name}</dt>
                <dd>{field.value.trim()}</dd>
              </div>
            ))}
          </dl>
          <Octets url={file} size={source.size} />
        </>
      )}
    </div>
  );
}

function Octets({ url, size }: { url: string; size: number }) {
  const [text, setText] = useState<string | null>(null);
  const show = async (open: boolean) => {
    if (!open || text !== null) return;
    try {
      const response = await fetch(url, { headers: { ...OWN_PAGE, range: `bytes=0-${MOST_SHOWN - 1}` } });
      if (!response.ok) throw new Error(response.statusText);
      setText(new TextDecoder().decode(await response.arrayBuffer()));
    } catch (error) {
      problem(error);
    }
  };
  return (
    <details class="octets-of" onToggle={(event) => void show(event.currentTarget.open)}>
      <summary>{t("source.octets")}</summary>
      {size > MOST_SHOWN && <p class="note">{t("source.cut")}</p>}
      <pre dir="ltr" tabIndex={0}>{text ?? ""}</pre>
    </details>
  );
}
