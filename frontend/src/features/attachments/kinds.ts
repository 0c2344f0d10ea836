// What of an attachment can be shown, by its type and name. Never HTML, SVG or anything else that a browser would run. Pure.
import type { BodyPart } from "../../jmap/records";

export type Kind = "image" | "audio" | "video" | "pdf" | "text" | "message" | "vcard" | "calendar";

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon"]);
const TEXTS = new Set(["application/json", "application/xml", "application/x-yaml", "application/toml", "message/delivery-status", "text/rfc822-headers"]);
const BY_NAME: Record<string, Kind> = { pdf: "pdf", ics: "calendar", vcf: "vcard", eml: "message", txt: "text", log: "text", md: "text", csv: "text" };
const SOUND = /^(audio|video)\/(mpeg|mp4|ogg|webm|wav|x-wav|aac|flac|x-m4a|3gpp|quicktime)$/;

/** null: it can only be downloaded. */
export function kindOf(part: Pick<BodyPart, "type" | "name">): Kind | null {
  const type = part.type.toLowerCase();
  if (PICTURES.has(type)) return "image";
  if (SOUND.test(type)) return type.startsWith("audio/") ? "audio" : "video";
  if (type === "application/pdf") return "pdf";
  if (type === "message/rfc822" || type === "message/global") return "message";
  if (type === "text/vcard" || type === "text/x-vcard") return "vcard";
  if (type === "text/calendar" || type === "application/ics") return "calendar";
  if (type.startsWith("text/") || TEXTS.has(type)) return "text";
  const ending = /\.([a-z0-9]+)$/i.exec(part.name ?? "")?.[1]?.toLowerCase() ?? "";
  return type === "application/octet-stream" ? (BY_NAME[ending] ?? null) : null;
}
