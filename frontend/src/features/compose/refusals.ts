// What the server refuses, in plain words, and beside which field they stand. RFC 8621 §7.5, RFC 8620 §5.3.
import { size } from "../../i18n/sizes";
import { t } from "../../i18n/words";
import { RequestFailed } from "../../jmap/client";
import type { Refusal } from "./calling";
import type { Field } from "./windows";

const FIELD_OF: Record<string, Field> = {
  noRecipients: "to", tooManyRecipients: "to", invalidRecipients: "to", forbiddenFrom: "from", forbiddenMailFrom: "from", tooLarge: "files", blobNotFound: "files",
};
const KNOWN = new Set([...Object.keys(FIELD_OF), "forbiddenToSend", "overQuota", "rateLimit", "invalidEmail", "serverFail"]);

/** Words for what was thrown. */
export function said(error: unknown): string {
  if (error instanceof RequestFailed && error.status === 0) return t("compose.offline");
  return error instanceof Error ? error.message : String(error);
}

export function wordsFor(error: Refusal | undefined): { field: Field; words: string } {
  if (!error) return { field: "whole", words: t("compose.refused.serverFail", { why: "" }) };
  const field = FIELD_OF[error.type] ?? "whole";
  if (!KNOWN.has(error.type)) return { field, words: error.description ?? error.type };
  const values = {
    why: error.description ?? "",
    who: (error.invalidRecipients ?? []).join(", "),
    most: error.type === "tooLarge" ? size(error.maxSize ?? 0) : (error.maxRecipients ?? 0),
  };
  return { field, words: t(`compose.refused.${error.type}`, values).trim() };
}
