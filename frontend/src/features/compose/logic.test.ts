import { expect, it } from "vitest";
import { eachOnce, isAddress, parseAddresses, written } from "./addresses";
import { fold, matches } from "./completion";
import { EMPTY, type Draft, emailOf, filesSent } from "./draft";
import { speaksOfAttachment } from "./forgotten";
import { linkOf } from "./links";
import { parseMailto } from "./mailto";
import { forwardSubject, quoteText, replySubject, textToHtml, threading } from "./quoting";
import { type Heads, identityFor, listAddress, recipientsOf } from "./recipients";

const a = (email: string, name: string | null = null) => ({ name, email });
const NOBODY: Heads = { from: null, to: null, cc: null, replyTo: null, followupTo: null, listPost: null };
const MINE = new Set(["bob@hamburger.test", "chef@hamburger.test"]);
const LETTER: Heads = { ...NOBODY, from: [a("alice@crepes.test", "Alice")], to: [a("Bob@hamburger.test"), a("carol@x.test")], cc: [a("alice@crepes.test"), a("chef@hamburger.test"), a("dan@x.test")] };

it("reads addresses as people write them", () => {
  expect(parseAddresses('Alice <alice@crepes.test>, "Doe, John" <j@x.test>; bob@y.test\ncarol Smith c@z.test')).toEqual([
    a("alice@crepes.test", "Alice"), a("j@x.test", "Doe, John"), a("bob@y.test"), a("c@z.test", "carol Smith"),
  ]);
  expect(parseAddresses("mailto:a@b.test, ,;<c@d.test>")).toEqual([a("a@b.test"), a("c@d.test")]);
  expect(parseAddresses("just words")).toEqual([a("just words")]);
});

it("knows what cannot be an address", () => {
  expect(["a@b.test", "ünï@x.test", '"a b"@c.test', "a+b@localhost"].map(isAddress)).toEqual([true, true, true, true]);
  expect(["a", "a@", "@b", "a b@c.test", "a@b@c", "a@b..test", "a@b."].map(isAddress)).toEqual(Array(7).fill(false));
});

it("writes a name with a comma in quotes, and reads it again", () => {
  const one = a("j@x.test", 'Doe, "Joe" J.');
  expect(written(one)).toBe('"Doe, \\"Joe\\" J." <j@x.test>');
  expect(written(a("j@x.test", "Zoë Müller"))).toBe("Zoë Müller <j@x.test>");
  expect(eachOnce([a("A@b.test", "first"), a("a@b.test")])).toEqual([a("A@b.test", "first")]);
});

it("answers the author, or Reply-To, and never oneself", () => {
  expect(recipientsOf("reply", LETTER, MINE)).toEqual({ to: [a("alice@crepes.test", "Alice")], cc: [] });
  expect(recipientsOf("reply", { ...LETTER, replyTo: [a("r@x.test")] }, MINE).to).toEqual([a("r@x.test")]);
  expect(recipientsOf("reply-all", LETTER, MINE)).toEqual({ to: [a("alice@crepes.test", "Alice")], cc: [a("carol@x.test"), a("dan@x.test")] });
});

it("goes on with those whom one has written to oneself", () => {
  const own = { ...NOBODY, from: [a("bob+x@hamburger.test")], to: [a("alice@crepes.test")], cc: [a("dan@x.test")] };
  expect(recipientsOf("reply", own, MINE)).toEqual({ to: [a("alice@crepes.test")], cc: [] });
  expect(recipientsOf("reply-all", own, MINE)).toEqual({ to: [a("alice@crepes.test")], cc: [a("dan@x.test")] });
  expect(recipientsOf("reply", { ...own, to: [a("bob@hamburger.test")] }, MINE).to).toEqual([a("bob@hamburger.test")]);
});

it("follows Mail-Followup-To and List-Post", () => {
  expect(recipientsOf("reply-all", { ...LETTER, followupTo: [a("list@x.test"), a("bob@hamburger.test")] }, MINE)).toEqual({ to: [a("list@x.test")], cc: [] });
  const list = { ...LETTER, listPost: ["mailto:l%2B1@x.test?subject=x", "https://x.test"] };
  expect(recipientsOf("reply-list", list, MINE)).toEqual({ to: [a("l+1@x.test")], cc: [] });
  expect(listAddress({ listPost: ["NO"] })).toBeNull();
});

it("writes under the address that was written to", () => {
  const identities = [{ email: "bob@hamburger.test" }, { email: "chef@hamburger.test" }];
  expect(identityFor(identities, { ...LETTER, to: [a("chef@hamburger.test")], cc: null })).toBe(identities[1]);
  expect(identityFor(identities, { ...LETTER, to: [a("bob+shop@hamburger.test")], cc: null })).toBe(identities[0]);
  expect(identityFor(identities, { from: null, to: null, cc: null })).toBeUndefined();
});

it("says Re: and Fwd: once", () => {
  expect([replySubject("Ketchup"), replySubject("RE: Ketchup"), replySubject("Aw: x"), replySubject(null)]).toEqual(["Re: Ketchup", "RE: Ketchup", "Aw: x", "Re:"]);
  expect([forwardSubject("Re: x"), forwardSubject("Fwd: x"), forwardSubject("WG: x")]).toEqual(["Fwd: Re: x", "Fwd: x", "WG: x"]);
});

it("goes on with the thread", () => {
  expect(threading({ messageId: ["c"], inReplyTo: ["b"], references: ["a", "b"] })).toEqual({ inReplyTo: ["c"], references: ["a", "b", "c"] });
  expect(threading({ messageId: ["c"], inReplyTo: ["b"], references: null }).references).toEqual(["b", "c"]);
  expect(threading({ messageId: null, inReplyTo: null, references: null })).toEqual({ inReplyTo: [], references: [] });
  expect(threading({ messageId: ["z"], inReplyTo: null, references: Array.from({ length: 200 }, (_, n) => `${n}`) }).references).toHaveLength(50);
});

it("marks what is quoted, without its signature", () => {
  expect(quoteText("Hello\n\n> before\n-- \nAlice")).toBe("> Hello\n>\n>> before");
  expect(textToHtml("a <b>\n\n  c")).toBe("<div>a &lt;b&gt;</div><div><br></div><div>&nbsp; c</div>");
});

it("reads mailto: addresses, and takes nothing from them that one would not see", () => {
  expect(parseMailto("mailto:a%40b@x.test,c@d.test?subject=H%C3%A9llo%0D%0ABcc:%20x&body=1%0D%0A2&cc=e@f.test&From=evil@x.test&attach=/etc/passwd")).toEqual({
    to: [a("a@b@x.test"), a("c@d.test")], cc: [a("e@f.test")], bcc: [], subject: "Héllo Bcc: x", text: "1\n2", inReplyTo: [],
  });
  expect(parseMailto("https://x.test")).toBeNull();
  expect(parseMailto("mailto:?to=a@b.test&body=%zz")?.text).toBe("%zz");
});

it("misses a file that is spoken of, but not in what is quoted", () => {
  expect(speaksOfAttachment("Minutes", "Please find attached the minutes.")).toBe(true);
  expect(speaksOfAttachment("", "Die Rechnung ist im Anhang.")).toBe(true);
  expect(speaksOfAttachment("", "تجد الملف مرفق")).toBe(true);
  expect(speaksOfAttachment("Re: attached", "Thanks\n> see the attached file")).toBe(false);
});

it("makes an Email whose pictures are those of its text", () => {
  const file = { key: "1", name: "a.png", type: "image/png", size: 10, blobId: "b1", cid: "x@y", progress: 1, failed: "" };
  const draft: Draft = {
    ...EMPTY, to: [a("a@b.test"), a("not yet")], subject: "Hi\nthere", html: '<img src="cid:x@y">', text: "t",
    files: [{ ...file, key: "2", cid: null, blobId: "b2" }, file, { ...file, key: "3", cid: "gone" }, { ...file, key: "4", cid: null, blobId: null }],
  };
  expect(filesSent(draft).map((one) => one.key)).toEqual(["1", "2"]);
  expect(filesSent({ ...draft, rich: false }).map((one) => one.key)).toEqual(["2"]);
  const made = emailOf(draft, { name: "", email: "bob@hamburger.test", replyTo: null, bcc: null }, "drafts");
  expect(made).toMatchObject({ to: [a("a@b.test")], subject: "Hi there", from: [a("bob@hamburger.test")], textBody: [{ partId: "text" }], htmlBody: [{ partId: "html" }] });
  expect(made["attachments"]).toEqual([
    { blobId: "b1", type: "image/png", name: "a.png", cid: "x@y", disposition: "inline" }, { blobId: "b2", type: "image/png", name: "a.png", disposition: "attachment" },
  ]);
  expect(made).not.toHaveProperty("inReplyTo");
});

it("finds people by the beginnings of their names and addresses, without accents", () => {
  const carol = a("carol.capek@crepes.test", "Čapek, Carol");
  expect(["car", "capek", "carol cap", "crepes", "carol.capek@cr", "ČAP"].map((typed) => matches(carol, fold(typed)))).toEqual(Array(6).fill(true));
  expect(["arol", "carol x", "bob"].map((typed) => matches(carol, fold(typed)))).toEqual([false, false, false]);
});

it("makes links of what people type, and never scripts", () => {
  expect(["postroom.test/a", "https://x.test", "bob@x.test", "localhost:8080"].map(linkOf)).toEqual(["https://postroom.test/a", "https://x.test", "mailto:bob@x.test", "https://localhost:8080"]);
  expect(["javascript:alert(1)", "data:text/html,x", "two words", " "].map(linkOf)).toEqual([null, null, null, null]);
});
