// How a new message begins: empty, as an answer, as something sent on; with the signature, and with what is quoted.
import { longDate } from "../../i18n/dates";
import { t } from "../../i18n/words";
import { nameOf } from "../../mail/people";
import { written } from "./addresses";
import type { Identity } from "./calling";
import { type Draft, EMPTY } from "./draft";
import { mine } from "./identities";
import { type Original, filesOf, htmlOf, isRich, textOf } from "./original";
import { escapeHtml, forwardSubject, quoteText, replySubject, textToHtml, threading } from "./quoting";
import { type Kind, identityFor, recipientsOf } from "./recipients";
import { QUOTE, SIGNATURE, quotable } from "./rich";

const PLAIN_KEY = "postroom.compose.plain";
const LINE = "<div><br></div>";

/** Whether messages are written with formatting; remembered from the last switch. */
function prefersRich(): boolean {
  return localStorage.getItem(PLAIN_KEY) === null;
}

export function rememberRich(rich: boolean): void {
  if (rich) localStorage.removeItem(PLAIN_KEY);
  else localStorage.setItem(PLAIN_KEY, "1");
}

export function blank(identity: Identity | undefined, rest: Partial<Draft> = {}): Draft {
  const rich = prefersRich();
  return { ...EMPTY, rich, identityId: identity?.id ?? null, ...body(identity, rest.text ?? "", ""), ...rest, ...(rest.text ? body(identity, rest.text, "") : {}) };
}

export function answer(kind: Kind, mail: Original, identities: readonly Identity[]): Draft {
  const identity = identityFor(identities, mail) ?? identities[0];
  const who = t("compose.wrote", { date: longDate(mail.sentAt ?? mail.receivedAt), who: (mail.from ?? []).map(nameOf).join(", ") });
  const rich = prefersRich();
  const inner = rich ? htmlOf(mail) : "";
  const html = `<div class="${QUOTE}"><div>${escapeHtml(who)}</div><blockquote type="cite">${inner}</blockquote></div>`;
  const text = `${who}\n${quoteText(textOf(mail))}`;
  return {
    ...EMPTY, ...recipientsOf(kind, mail, mine()), ...threading(mail), ...body(identity, "", text, html), rich, identityId: identity?.id ?? null,
    subject: replySubject(mail.subject), files: rich ? filesOf(mail, "pictures", inner) : [], original: { id: mail.id, keyword: "$answered" },
  };
}

/** Inline: its head, its text, its files. */
export function forward(mail: Original, identities: readonly Identity[]): Draft {
  const identity = identityFor(identities, mail) ?? identities[0];
  const rich = prefersRich();
  const inner = rich ? htmlOf(mail) : "";
  const head = headOf(mail);
  const html = `<div class="${QUOTE}">${head.map((line) => `<div>${escapeHtml(line)}</div>`).join("")}${LINE}${inner}</div>`;
  return {
    ...EMPTY, ...body(identity, "", `${head.join("\n")}\n\n${textOf(mail)}`, html), rich, identityId: identity?.id ?? null, references: threading(mail).references,
    subject: forwardSubject(mail.subject), files: filesOf(mail, "all", inner), original: { id: mail.id, keyword: "$forwarded" },
  };
}

/** As it is, as a file. */
export function forwardAttached(mail: Original, identities: readonly Identity[]): Draft {
  const identity = identityFor(identities, mail) ?? identities[0];
  const name = `${(mail.subject ?? "").replace(/[\\/:*?"<>|\u0000-\u001f]/g, " ").replace(/\s+/g, " ").trim().slice(0, 100) || t("compose.message")}.eml`;
  const file = { key: mail.id, name, type: "message/rfc822", size: mail.size, blobId: mail.blobId, cid: null, progress: 1, failed: "" };
  const rest = { subject: forwardSubject(mail.subject), files: [file], references: threading(mail).references, original: { id: mail.id, keyword: "$forwarded" as const } };
  return blank(identity, rest);
}

/** The same once more, to be changed: a draft that is written further, or an old message as a new one. `safe`: what its HTML may hold. */
export function again(mail: Original, identities: readonly Identity[], safe: (html: string) => string = quotable): Draft {
  const from = (mail.from ?? []).map((one) => one.email.toLowerCase());
  const identity = identities.find((one) => from.includes(one.email.toLowerCase())) ?? identities[0];
  const rich = isRich(mail);
  const html = rich ? htmlOf(mail, safe) : "";
  return {
    ...EMPTY, to: mail.to ?? [], cc: mail.cc ?? [], bcc: mail.bcc ?? [], subject: mail.subject ?? "", rich, html, text: textOf(mail).replace(/^\n+/, ""),
    files: filesOf(mail, "all", html), identityId: identity?.id ?? null,
  };
}

function headOf(mail: Original): string[] {
  const list = (name: string, all: Original["to"]) => (all?.length ? [`${t(`message.field.${name}`)}: ${all.map(written).join(", ")}`] : []);
  return [
    `---------- ${t("compose.forwarded")} ----------`,
    ...list("from", mail.from),
    `${t("message.field.date")}: ${longDate(mail.sentAt ?? mail.receivedAt)}`,
    `${t("compose.subject")}: ${mail.subject ?? ""}`,
    ...list("to", mail.to),
    ...list("cc", mail.cc),
  ];
}

function body(identity: Identity | undefined, text: string, quoted: string, quotedHtml = ""): { html: string; text: string } {
  const textSignature = textSignatureOf(identity);
  return {
    html: [text ? textToHtml(text) : LINE, signatureHtml(identity), quotedHtml && LINE + quotedHtml].join(""),
    text: [text, textSignature && `\n${textSignature}`, quoted && `\n${quoted}`].join("\n").replace(/\n+$/, ""),
  };
}

function textSignatureOf(identity: Identity | undefined): string {
  const text = identity?.textSignature.trimEnd() ?? "";
  return text && (text.startsWith("-- \n") ? text : `-- \n${text}`);
}

/** The signature with its mark, so that it can be changed for that of another identity; "" where there is none. */
export function signatureHtml(identity: Identity | undefined): string {
  const inner = identity?.htmlSignature.trim() ? quotable(identity.htmlSignature) : textToHtml(identity?.textSignature.trimEnd() ?? "");
  return identity?.htmlSignature.trim() || identity?.textSignature.trim() ? `${LINE}<div class="${SIGNATURE}">${inner}</div>` : "";
}

/** Another identity's signature in the place of the one before, in plain text. */
export function exchangedSignature(text: string, before: Identity | undefined, next: Identity | undefined): string {
  const old = textSignatureOf(before);
  const new_ = textSignatureOf(next);
  if (old && text.includes(old)) return text.replace(old, () => new_);
  return new_ ? `${text}\n\n${new_}` : text;
}
