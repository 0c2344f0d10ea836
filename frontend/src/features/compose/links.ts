// What somebody types as the address of a link. Pure.

/** An address that may be a link; what has no scheme is one of the web, or of mail. */
export function linkOf(text: string): string | null {
  const bare = text.trim();
  if (/^(?:https?|mailto|tel|ftp):\S+$/i.test(bare)) return bare;
  if (/^[a-z][a-z0-9+.-]*:(?!\d)/i.test(bare) || /\s/.test(bare) || !bare) return null;
  return bare.includes("@") && !bare.includes("/") ? `mailto:${bare}` : `https://${bare}`;
}
