// Passkeys in the browser: options as JSON in, what the authenticator has answered as JSON out. W3C Web Authentication Level 3 §5.1.
import { t } from "../i18n/words";
import { knock } from "./session";

interface Named {
  id: string;
  type: "public-key";
}

export interface CreationOptions {
  challenge: string;
  user: { id: string; name: string; displayName: string };
  excludeCredentials: Named[];
}

const CANCELLED = new Set(["NotAllowedError", "AbortError"]);

/** Whether there can be any here: the browser knows them, and the server is called by a name. */
export function passkeysPossible(): boolean {
  return "PublicKeyCredential" in window && isSecureContext && !/^[\d.]+$|^\[/.test(location.hostname);
}

/** Asks for an answer to a challenge of the server's; null when its user did not want to. */
export async function showPasskey(): Promise<object | null> {
  const asked = (await (await knock("passkey", {})).json()) as { challenge: string; options: { challenge: string; rpId: string; timeout: number; userVerification: "required" } };
  const publicKey: PublicKeyCredentialRequestOptions = { ...asked.options, challenge: octets(asked.options.challenge) };
  const found = await wished(() => navigator.credentials.get({ publicKey }));
  if (!found) return null;
  const shown = found.response as AuthenticatorAssertionResponse;
  const response = { ...common(shown), authenticatorData: text(shown.authenticatorData), signature: text(shown.signature), userHandle: shown.userHandle ? text(shown.userHandle) : null };
  return { challenge: asked.challenge, response: credential(found, response) };
}

/** Has a passkey made; null when its user did not want to. */
export async function makePasskey(options: CreationOptions): Promise<object | null> {
  const publicKey = {
    ...options,
    challenge: octets(options.challenge),
    user: { ...options.user, id: octets(options.user.id) },
    excludeCredentials: options.excludeCredentials.map((one) => ({ ...one, id: octets(one.id) })),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = await wished(() => navigator.credentials.create({ publicKey }));
  if (!made) return null;
  const shown = made.response as AuthenticatorAttestationResponse;
  return credential(made, { ...common(shown), attestationObject: text(shown.attestationObject) });
}

async function wished(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential | null> {
  try {
    return (await ask()) as PublicKeyCredential | null;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (CANCELLED.has(error.name)) return null;
    throw new Error(error.name === "InvalidStateError" ? t("passkey.there") : t("passkey.failed", { why: error.message }));
  }
}

function common(shown: AuthenticatorResponse): { clientDataJSON: string } {
  return { clientDataJSON: text(shown.clientDataJSON) };
}

function credential(found: PublicKeyCredential, response: object): object {
  return { id: found.id, rawId: text(found.rawId), type: found.type, response };
}

function octets(written: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(written.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
