// What is shown of a contact that came as a file. RFC 9553. Pure.

export interface SharedCard {
  name?: { full?: string; components?: { kind: string; value: string }[] };
  organizations?: Record<string, { name?: string }>;
  emails?: Record<string, { address: string }>;
  phones?: Record<string, { number: string }>;
}

export function titleOf(card: SharedCard): string {
  const parts = card.name?.components?.filter((one) => one.kind !== "separator").map((one) => one.value).join(" ");
  return card.name?.full || parts || organizations(card)[0] || emails(card)[0] || "?";
}

export function detailsOf(card: SharedCard): string[] {
  return [...organizations(card), ...emails(card), ...Object.values(card.phones ?? {}).map((one) => one.number)].filter((one) => one !== titleOf(card));
}

function organizations(card: SharedCard): string[] {
  return Object.values(card.organizations ?? {}).map((one) => one.name ?? "").filter(Boolean);
}

function emails(card: SharedCard): string[] {
  return Object.values(card.emails ?? {}).map((one) => one.address);
}
