// How protocols are called.
import { t } from "../../i18n/words";

const NAMES: Record<string, string> = { imap: "IMAP", pop3: "POP3", smtp: "SMTP", jmap: "JMAP", sieve: "ManageSieve" };

export function protocolName(protocol: string): string {
  return NAMES[protocol] ?? (protocol === "web" ? t("settings.web") : protocol);
}

/** Those of a list; an empty one is all. */
export function protocolsOf(scopes: readonly string[]): string {
  return scopes.length ? scopes.map(protocolName).join(", ") : t("settings.every-protocol");
}
