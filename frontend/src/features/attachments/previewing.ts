// What is looked at; null: nothing. And the octets of parts, for this page alone.
import { signal } from "@preact/signals";
import { t } from "../../i18n/words";
import { OWN_PAGE, jmap } from "../../jmap/client";
import type { BodyPart } from "../../jmap/records";

const MOST_OCTETS = 64 << 20;

export const previewed = signal<{ parts: readonly BodyPart[]; at: number } | null>(null);

export async function octetsOf(part: BodyPart): Promise<ArrayBuffer> {
  if (part.size > MOST_OCTETS) throw new Error(t("attachments.too-large"));
  const response = await fetch(jmap.downloadUrl(part.blobId ?? "", "part", "application/octet-stream"), { headers: OWN_PAGE });
  if (!response.ok) throw new Error(response.statusText);
  return response.arrayBuffer();
}

export async function textOf(part: BodyPart): Promise<string> {
  const octets = await octetsOf(part);
  return decoder(part.charset).decode(octets);
}

function decoder(charset: string | null): TextDecoder {
  try {
    return new TextDecoder(charset === "us-ascii" || !charset ? "utf-8" : charset);
  } catch {
    return new TextDecoder();
  }
}
