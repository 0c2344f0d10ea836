// What a header tells: what is odd, who has checked what, and the hops, the oldest first.
import { longDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { Icon } from "../../views/Icon";
import type { Hop, Report } from "./records";
import { checkWords, duration, warningWords } from "./words";

export function ReportView({ report }: { report: Report }) {
  return (
    <div class="report">
      {report.warnings.length > 0 && (
        <ul class="warnings" aria-label={t("headers.warnings")}>
          {report.warnings.map((one, index) => (
            <li class="bar warn" key={index}>
              <Icon name="warning" />
              <span>{warningWords(one)}</span>
            </li>
          ))}
        </ul>
      )}
      <h2>{t("headers.way")}</h2>
      {report.seconds !== null && <p class="note">{t("headers.took", { time: duration(report.seconds), count: report.steps.length })}</p>}
      <ol class="steps">
        {report.steps.map(({ hop, seconds }, index) => (
          <Step key={index} hop={hop} seconds={seconds} share={share(seconds, report.seconds)} />
        ))}
      </ol>
      {report.checks.length > 0 && <h2>{t("headers.checks")}</h2>}
      {report.checks.map((one, index) => (
        <section class="checked" key={index}>
          <p class="note">{t(one.ours ? "headers.by-us" : "headers.by-other", { who: one.by })}</p>
          <ul>
            {one.results.map((result, at) => <li key={at}>{checkWords(result)}</li>)}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Step({ hop, seconds, share }: { hop: Hop; seconds: number | null; share: number }) {
  const from = hop.reverse || hop.helo || hop.ip;
  const lock = hop.tls === null ? "unknown" : hop.tls ? "yes" : "no";
  return (
    <li class="step">
      <p class="hosts">
        <strong>{from ? t("headers.from-to", { from, to: hop.by || "?" }) : t("headers.to", { to: hop.by || "?" })}</strong>
        <span class={`lock ${lock}`}>{t(`headers.tls.${lock}`, { version: hop.tlsVersion })}</span>
      </p>
      <p class="note">
        {[hop.ip, hop.protocol, hop.recipient && t("headers.for", { who: hop.recipient }), hop.at !== null && longDate(new Date(hop.at * 1000).toISOString())].filter(Boolean).join(" · ")}
      </p>
      {seconds !== null && (
        <p class="delay">
          <span class="measure" style={{ inlineSize: `${Math.max(2, share * 160)}px` }} aria-hidden="true" />
          {seconds < 0 ? t("headers.before", { time: duration(-seconds) }) : t("headers.after", { time: duration(seconds) })}
        </p>
      )}
    </li>
  );
}

function share(seconds: number | null, all: number | null): number {
  return seconds && all && seconds > 0 ? Math.min(1, seconds / all) : 0;
}
