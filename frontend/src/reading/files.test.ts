import { expect, it } from "vitest";
import type { BodyPart } from "../jmap/records";
import { fileName, filesIn, halves } from "./files";

const part = (blobId: string, type: string, rest: Partial<BodyPart> = {}): BodyPart => ({ partId: blobId, blobId, type, size: 1, name: null, charset: null, disposition: null, cid: null, ...rest });
const TEXT = part("t", "text/plain");
const HTML = part("h", "text/html");
const named = (parts: readonly BodyPart[]) => parts.map((one) => one.blobId).join("");

it("gives the photo that a telephone puts between two texts", () => {
  const photo = part("p", "image/jpeg", { disposition: "inline", name: "IMG_1.jpeg" });
  const body = { textBody: [TEXT, photo, TEXT], htmlBody: [TEXT, photo, TEXT], attachments: [] };
  expect(named(filesIn(body, new Set()))).toBe("p");
  expect(named(filesIn(body, null))).toBe("p");
});

it("gives what is inline and has a Content-ID, and no text shows", () => {
  const pdf = part("d", "application/pdf", { disposition: "inline", cid: "d@x" });
  const [logo, loose] = [part("l", "image/png", { disposition: "inline", cid: "l@x" }), part("o", "image/png", { disposition: "inline", cid: "o@x" })];
  const body = { textBody: [HTML], htmlBody: [HTML], attachments: [pdf, logo, loose] };
  expect(named(filesIn(body, null))).toBe("d"); // pictures wait for the text
  expect(named(filesIn(body, new Set(["l"])))).toBe("do");
  expect(named(filesIn(body, new Set()))).toBe("dlo");
});

it("gives what the sender calls an attachment, though the text shows it", () => {
  const body = { textBody: [HTML], htmlBody: [HTML], attachments: [part("a", "image/png", { disposition: "attachment", cid: "a@x" })] };
  expect(named(filesIn(body, new Set(["a"])))).toBe("a");
});

it("calls a file what it is", () => {
  expect(fileName(part("x", "application/x-msdownload", { name: "invoice\u202efdp.exe" }))).toBe("invoicefdp.exe");
  expect(fileName(part("x", "text/css", { name: "\u200b" }))).toMatch(/.\.css$/);
  expect(fileName(part("x", "Text/Calendar"))).toMatch(/.\.ics$/);
  expect(fileName(part("x", "application/x-tar"))).toMatch(/.\.x-tar$/);
});

it("knows the ending of a name", () => {
  expect(halves("invoice.pdf.exe")).toEqual(["invoice.pdf", ".exe"]);
  expect(halves(".profile")).toEqual([".profile", ""]);
  expect(halves("notes")).toEqual(["notes", ""]);
  expect(halves("Dr. Ketchup and his family")).toEqual(["Dr. Ketchup and his family", ""]);
});
