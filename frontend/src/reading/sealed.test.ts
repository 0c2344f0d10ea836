import { expect, it } from "vitest";
import type { BodyPart } from "../jmap/records";
import { sealOf } from "./sealed";

const part = (type: string, field = ""): BodyPart => ({
  partId: null, blobId: "b", type, size: 1, name: null, charset: null, disposition: null, cid: null, "header:Content-Type": ` ${type}${field}`,
});
const seal = (text: string, ...attachments: BodyPart[]) => sealOf({ textBody: [], htmlBody: [], attachments }, text);
const armoured = (what: string) => `Hello,\n-----BEGIN PGP ${what}-----\n\nhQEMA`;

it("knows what is encrypted", () => {
  expect(seal("", part("application/pgp-encrypted"), part("application/octet-stream"))).toBe("encrypted");
  expect(seal("", part("application/pkcs7-mime", ';\r\n smime-type="enveloped-data"; name=smime.p7m'))).toBe("encrypted");
  expect(seal("", part("Application/X-PKCS7-Mime", "; smime-type=authEnveloped-data"))).toBe("encrypted");
  expect(seal("", part("application/pkcs7-mime"))).toBe("encrypted");
  expect(seal(armoured("MESSAGE"))).toBe("encrypted");
});

it("knows what is signed", () => {
  expect(seal("Hello", part("application/pgp-signature"))).toBe("signed");
  expect(seal("Hello", part("application/pkcs7-signature"))).toBe("signed");
  expect(seal(armoured("SIGNED MESSAGE"))).toBe("signed");
  expect(seal("", part("application/pkcs7-mime", "; smime-type=signed-data"))).toBe("enveloped");
});

it("says nothing of others", () => {
  expect(seal("Hello", part("application/pdf"))).toBe(null);
  expect(seal("", part("application/pkcs7-mime", "; smime-type=certs-only"))).toBe(null);
  expect(seal("> -----BEGIN PGP MESSAGE-----")).toBe(null); // quoted: another's
  expect(seal(armoured("PUBLIC KEY BLOCK"))).toBe(null);
});
