// A header from elsewhere, pasted: what it tells. Nothing in it is proven, and the page says so.
import { useState } from "preact/hooks";
import { t } from "../../i18n/words";
import { jmap } from "../../jmap/client";
import { PageHead } from "./PageHead";
import { ReportView } from "./ReportView";
import type { Report } from "./records";

export default function HeadersPage() {
  const [text, setText] = useState("");
  const [report, setReport] = useState<Report | null>(null);
  const [wrong, setWrong] = useState("");
  const analyse = async (event: Event) => {
    event.preventDefault();
    setWrong("");
    try {
      setReport((await jmap.call("HeaderReport/parse", { header: text })).report);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div class="knowing">
      <PageHead title={t("headers.title")} subtitle={t("headers.purpose")} />
      <form class="paste" onSubmit={(event) => void analyse(event)}>
        <label for="pasted">{t("headers.paste")}</label>
        <textarea id="pasted" class="field" rows={10} dir="ltr" spellcheck={false} required value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <p class="wrong" role="alert">{wrong}</p>
        <button type="submit" class="primary">{t("headers.analyse")}</button>
      </form>
      <div role="region" aria-live="polite" aria-label={t("headers.result")}>
        {report && (
          <>
            <h2 dir="auto">{report.subject || t("mail.no-subject")}</h2>
            <p class="note" dir="auto">{t("headers.written-by", { who: report.sender || "?" })}</p>
            <p class="note">{t("headers.hearsay")}</p>
            <ReportView report={report} />
          </>
        )}
      </div>
    </div>
  );
}
