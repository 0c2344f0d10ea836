// An email's structure and all its header fields. RFC 8621 §4.1.2.1 (headers), §4.1.4 (bodyStructure).
import { jmap } from "../../jmap/client";
import type { BodyPart, EmailBody, EmailRow, Id } from "../../jmap/records";

export interface TreePart extends BodyPart {
  subParts?: TreePart[] | null;
}

export interface Source {
  blobId: Id;
  size: number;
  root: TreePart;
  headers: { name: string; value: string }[];
}

const PART = ["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid"] as const;

export async function sourceOf(id: Id): Promise<Source> {
  const { list } = await jmap.call("Email/get", {
    ids: [id], properties: ["blobId", "size", "headers", "bodyStructure"], bodyProperties: [...PART, "subParts" as keyof BodyPart],
  });
  const found = list[0] as unknown as (EmailRow & EmailBody & { headers: Source["headers"]; bodyStructure: TreePart }) | undefined;
  if (!found) throw new Error("notFound");
  return { blobId: found.blobId, size: found.size, root: found.bodyStructure, headers: found.headers };
}
