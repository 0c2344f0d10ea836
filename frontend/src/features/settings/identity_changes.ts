// What somebody has changed of an address under which he writes. Pure. What he has left as it was is not said: another window may have changed it
// meanwhile, and the fields show less than there is (one address to answer to, a signature without its formatting).
import type { Identity } from "./methods";

export function identityChanges(identity: Identity, given: { name: string; signature: string; replyTo: string }): Partial<Identity> {
  const [name, signature, email] = [given.name, given.signature, given.replyTo].map(plain) as [string, string, string];
  return {
    ...(name !== plain(identity.name) && { name }),
    ...(email !== plain(identity.replyTo?.[0]?.email ?? "") && { replyTo: email ? [{ name: null, email }] : null }),
    ...(signature !== plain(identity.textSignature) && { textSignature: signature, htmlSignature: "" }),
  };
}

// As a field gives back what it was given.
function plain(text: string): string {
  return text.replace(/\r\n?/g, "\n").trim();
}
