// What the server takes, as its session object says (RFC 8620 §2, RFC 8621 §1.3).
import { jmap } from "../../jmap/client";
import { ability } from "./calling";

const MAIL = "urn:ietf:params:jmap:mail";
const SUBMISSION = "urn:ietf:params:jmap:submission";
const WEBMAIL = "urn:postroom:params:jmap:webmail";
const UNDO_SECONDS = 10;

function most(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : Infinity;
}

/** Octets of one file. */
export function mostOfFile(): number {
  return most(jmap.session?.capabilities["urn:ietf:params:jmap:core"]?.["maxSizeUpload"]);
}

/** Octets of all files of a message. */
export function mostOfFiles(): number {
  return most(ability(MAIL, "maxSizeAttachmentsPerEmail"));
}

function extension(name: string): string[] | undefined {
  return (ability(SUBMISSION, "submissionExtensions") as Record<string, string[]> | undefined)?.[name];
}

/** Octets of a whole message (RFC 1870). */
export function mostOfMessage(): number {
  return most(Number(extension("SIZE")?.[0] ?? 0));
}

/** Seconds that the server holds a message on request (RFC 4865); 0: it does not. */
export function mostHeld(): number {
  return extension("FUTURERELEASE") ? Number(ability(SUBMISSION, "maxDelayedSend") ?? 0) : 0;
}

/** How long a message can be called back: as the server's settings say, else some seconds, where it holds messages at all. */
export function undoSeconds(): number {
  const set = Number(ability(WEBMAIL, "undoSeconds") ?? 0);
  return set || Math.min(UNDO_SECONDS, mostHeld());
}
