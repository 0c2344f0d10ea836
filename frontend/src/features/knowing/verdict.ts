// SPF, DKIM and DMARC in one verdict. RFC 8601 §2.7; DMARC speaks of the address that one sees, and so decides where it says anything. Pure.
import type { Checked } from "./records";

export type Verdict = "proven" | "failed" | "unproven";

export function verdictOf(checks: readonly Checked[]): Verdict {
  const dmarc = checks.find((one) => one.method === "dmarc")?.result;
  if (dmarc === "pass") return "proven";
  if (dmarc === "fail") return "failed";
  return "unproven";
}

/** Those that people are told of, the deciding one first. */
export function told(checks: readonly Checked[]): Checked[] {
  const order = ["dmarc", "dkim", "spf", "arc"];
  const said = new Set<string>();
  const news = (one: Checked) => {
    const key = `${one.method} ${one.result} ${one.domain}`; // a message may have several signatures of one domain
    return !said.has(key) && Boolean(said.add(key));
  };
  return checks.filter((one) => order.includes(one.method) && !(one.method === "arc" && one.result === "none") && news(one)).sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method));
}
