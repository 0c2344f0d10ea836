// In an open message: who it is proven to come from, what is odd about it, and the way off its list.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/words";
import type { EmailRow } from "../../jmap/records";
import { Icon } from "../../views/Icon";
import { factsOf } from "./facts";
import { ListBar } from "./ListBar";
import type { Facts, Warned } from "./records";
import { type Verdict, told, verdictOf } from "./verdict";
import { checkWords, warningWords } from "./words";

// The others are for who looks at the header itself.
const SERIOUS = new Set(["name-scripts", "domain-scripts", "name-address", "reply-to", "froms"]);
const ICONS: Record<Verdict, string> = { proven: "shield", failed: "warning", unproven: "info" };

export function MessageFacts({ email }: { email: EmailRow }) {
  const [facts, setFacts] = useState<Facts | null>(null);
  useEffect(() => {
    let wanted = true;
    factsOf(email.id).then((found) => wanted && setFacts(found), () => {});
    return () => void (wanted = false);
  }, [email.id]);
  if (!facts) return null;
  const own = "$draft" in email.keywords || facts.verdicts === null;
  const warnings = own ? [] : facts.report.warnings.filter((one) => SERIOUS.has(one.kind));
  const links: Warned[] = facts.suspiciousLinks.map((one) => ({ kind: "link-scripts", values: { host: one.host, ascii: one.ascii, scripts: one.scripts.join(", ") } }));
  return (
    <>
      {!own && facts.verdicts && <Proof facts={facts} email={email} />}
      {[...warnings, ...links].map((one, index) => (
        <p class={`bar ${one.kind === "reply-to" ? "" : "warn"}`} role="note" key={index}>
          <Icon name={one.kind === "reply-to" ? "info" : "warning"} />
          <span>{warningWords(one)}</span>
        </p>
      ))}
      {!own && <ListBar email={email} offer={facts.unsubscribe} />}
    </>
  );
}

function Proof({ facts, email }: { facts: Facts; email: EmailRow }) {
  const checks = told(facts.verdicts ?? []);
  const verdict = verdictOf(checks);
  const domain = email.from?.[0]?.email.split("@").at(-1) ?? "";
  return (
    <details class={`proof ${verdict}`}>
      <summary>
        <Icon name={ICONS[verdict]} />
        <span>{t(`facts.${verdict}`, { domain })}</span>
      </summary>
      <ul>
        {checks.map((one, index) => (
          <li key={index}>{checkWords(one)}</li>
        ))}
        {checks.length === 0 && <li>{t("facts.unchecked")}</li>}
      </ul>
    </details>
  );
}
