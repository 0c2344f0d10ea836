"""Replies and forwards: whom they go to, what they refer to, and what they quote.

RFC 5322 §3.6.2 (Reply-To), §3.6.3 (who gets a reply), §3.6.4 (In-Reply-To, References), §3.6.5 (Subject), RFC 3676 §4.5 (quote marks). The
custom of Mail-Followup-To is honoured for replies to all. A reply is a `Draft`: nothing is sent here, and the writer may change all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.message.composing.compose import MEDIA_TYPE, Attachment, Draft
from postroom.message.encodings import charset as charsets
from postroom.message.encodings import encoded_words, transfer
from postroom.message.headers.address_list import mailboxes, parse_address_list
from postroom.message.headers.dates import format_date, parse_date
from postroom.message.headers.fields import Mailbox
from postroom.message.headers.header import Header
from postroom.message.mime.attachment import BODY_TYPES, declared_name
from postroom.message.mime.file_names import safe_filename
from postroom.message.mime.structure import Part, Structure, scan
from postroom.message.mime.text import alternatives, part_text, text_parts

MAX_QUOTED = 256 * 1024  # octets of text that are quoted
MAX_REFERENCES = 40  # identifiers that are kept: the first, and the last ones
MAX_SUBJECT = 1000  # characters that are kept

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,900}>")
_REPLY_PREFIX = re.compile(r"(?:(?:re|aw|antw|sv|odp)(?:\[[0-9]{1,3}\])?\s*:\s*)+", re.IGNORECASE)
_FORWARD_PREFIX = re.compile(r"(?:(?:fwd?|wg|tr|doorst)\s*:\s*)+", re.IGNORECASE)
_LONE_CR = re.compile(r"\r\n?")
_UNSPEAKABLE = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]+")


class Original(msgspec.Struct, frozen=True):
    """A received message, as far as an answer needs it. `ids` are the References of an answer; `date` is as its writer wrote it."""

    author: list[Mailbox]
    reply_to: list[Mailbox]
    followup_to: list[Mailbox]
    to: list[Mailbox]
    cc: list[Mailbox]
    subject: str
    date: str
    message_id: str
    ids: list[str]
    text: str
    attachments: list[Attachment]


def read_original(raw: bytes) -> Original:
    """Reads what an answer needs; never raises. Text is what is read as the letter, of HTML its bare words; all else is a file."""
    header = Header.parse(raw)
    structure = scan(raw)
    own = _own_parts(structure)
    words = _words(structure, own)
    message_id = next(iter(_ids(header.get("message-id"))), "")
    return Original(
        author=_mailboxes(header, "from"),
        reply_to=_mailboxes(header, "reply-to"),
        followup_to=_mailboxes(header, "mail-followup-to"),
        to=_mailboxes(header, "to"),
        cc=_mailboxes(header, "cc"),
        subject=_speakable(encoded_words.decode(charsets.header_text(header.get("subject") or b""))),
        date=_date(header.get("date") or b""),
        message_id=message_id,
        ids=_references(header, message_id),
        text=_quoted(raw, words),
        attachments=[_attachment(raw, part) for part in _files(structure, own, words)],
    )


def reply(original: Original, author: Mailbox, own: Iterable[Address] = (), *, to_all: bool = False) -> Draft:
    """The draft of an answer. `own` are all addresses of the writer, to whom no copy is sent; a reply to one's own letter goes to its readers."""
    mine = {author.address.key, *(address.key for address in own)}
    first = original.reply_to or original.author
    if first and all(mailbox.address.key in mine for mailbox in first):
        first = original.to
    cc: list[Mailbox] = []
    if to_all and original.followup_to:
        first = original.followup_to
    elif to_all:
        cc = [*original.to, *original.cc]
    to = _without(first, mine) or _without(cc, mine)[:1] or list(first)
    return Draft(
        author=[author],
        to=to,
        cc=_without(cc, mine | {mailbox.address.key for mailbox in to}),
        subject=f"Re: {_REPLY_PREFIX.sub('', original.subject, count=1) if _REPLY_PREFIX.match(original.subject) else original.subject}",
        text=quote(original),
        in_reply_to=[original.message_id] if original.message_id else [],
        references=original.ids if original.message_id else [],
    )


def forward(original: Original, author: Mailbox, to: Sequence[Mailbox] = ()) -> Draft:
    """The draft of a forward with the text in it and the files attached again."""
    head = [
        ("From", _names(original.author)),
        ("Date", original.date),
        ("Subject", original.subject),
        ("To", _names(original.to)),
        ("Cc", _names(original.cc)),
    ]
    lines = [
        "",
        "---------- Forwarded message ----------",
        *(f"{name}: {value}" for name, value in head if value),
        "",
        original.text,
    ]
    return Draft(
        author=[author],
        to=list(to),
        subject=_forward_subject(original.subject),
        text="\n".join(lines),
        references=original.ids,
        attachments=list(original.attachments),
    )


def forward_as_attachment(raw: bytes, author: Mailbox, to: Sequence[Mailbox] = ()) -> Draft:
    """The draft of a forward with the whole message attached, untouched (RFC 2046 §5.2.1)."""
    original = read_original(raw)
    name = safe_filename((original.subject or "message")[:80] + ".eml", "message/rfc822")
    attached = Attachment(raw, name, "message/rfc822")
    return Draft(
        author=[author],
        to=list(to),
        subject=_forward_subject(original.subject),
        references=original.ids,
        attachments=[attached],
    )


def quote(original: Original) -> str:
    """Attribution and quoted text, the signature left out; LF line ends."""
    who = _names(original.author[:1]) or "somebody"
    lines = [f"On {original.date}, {who} wrote:" if original.date else f"{who} wrote:"]
    for line in original.text.split("\n"):
        if line == "-- ":
            break
        lines.append(f">{line}" if line.startswith(">") else f"> {line}".rstrip(" "))
    while lines[-1] == ">":
        lines.pop()
    return "\n".join(lines) + "\n"


def _forward_subject(subject: str) -> str:
    return f"Fwd: {_FORWARD_PREFIX.sub('', subject, count=1) if _FORWARD_PREFIX.match(subject) else subject}"


def _without(given: Sequence[Mailbox], unwanted: set[str]) -> list[Mailbox]:
    kept: dict[str, Mailbox] = {}
    for mailbox in given:
        if mailbox.address.key not in unwanted:
            kept.setdefault(mailbox.address.key, mailbox)
    return list(kept.values())


def _date(value: bytes) -> str:
    """A date in the form of ours; "" for what is none, or not within the years and zones that we write."""
    date = parse_date(value)
    if date is None or abs(date.offset or 0) >= 1440:
        return ""
    try:
        return format_date(date.seconds, date.offset or 0)
    except ValueError:
        return ""


def _references(header: Header, message_id: str) -> list[str]:
    """The parent's References, else its only In-Reply-To, and its Message-ID (RFC 5322 §3.6.4)."""
    ids = _ids(header.get("references"))
    if not ids:
        parents = _ids(header.get("in-reply-to"))
        ids = parents if len(parents) == 1 else []
    ids = [*dict.fromkeys(one for one in ids if one != message_id), *([message_id] if message_id else [])]
    return ids if len(ids) <= MAX_REFERENCES else [ids[0], *ids[1 - MAX_REFERENCES :]]


def _ids(value: bytes | None) -> list[str]:
    return _MESSAGE_ID.findall(value.decode("ascii", "replace")) if value else []


def _mailboxes(header: Header, name: str) -> list[Mailbox]:
    """The usable addresses of all fields of that name, each once."""
    found: dict[str, Mailbox] = {}
    for value in header.all(name)[:10]:
        for spec in mailboxes(parse_address_list(value)):
            address = None if spec.defect else parse_mailbox(spec.email)
            if address is not None and str(address).isprintable():
                found.setdefault(address.key, Mailbox(address, _speakable(spec.name)))
    return list(found.values())


def _names(given: Sequence[Mailbox]) -> str:
    return ", ".join(
        f"{mailbox.name} <{mailbox.address}>" if mailbox.name else str(mailbox.address) for mailbox in given
    )


def _speakable(text: str) -> str:
    """Without the controls that a field of ours may not hold."""
    return _UNSPEAKABLE.sub(" ", text[:MAX_SUBJECT].encode("utf-8", "replace").decode()).strip()


def _words(structure: Structure, own: list[Part]) -> list[Part]:
    """The text parts, but for further ones that have a name or are no words: those are files."""
    texts = [part for part in text_parts(structure) if part in own]
    return texts[:1] + [part for part in texts[1:] if part.subtype in BODY_TYPES and not declared_name(part)]


def _quoted(raw: bytes, words: list[Part]) -> str:
    """At most MAX_QUOTED octets of the words."""
    texts: list[str] = []
    left = MAX_QUOTED
    for part in words:
        if left > 0:
            texts.append(_LONE_CR.sub("\n", part_text(raw, part, left)))
        left -= part.size
    return "\n\n".join(texts)


def _files(structure: Structure, own: list[Part], words: list[Part]) -> list[Part]:
    """All that the quoted text does not say: every leaf and attached message but the words, and their other forms (RFC 2046 §5.1.4)."""
    if sum(part.size for part in words) > MAX_QUOTED:
        words = []
    told = {index for part in words for index in alternatives(structure.parts, part)}
    return [
        part
        for part in own
        if part.media_type != "multipart"
        and (part.leaf or part.parent >= 0)
        and part not in words
        and (told.isdisjoint(alternatives(structure.parts, part)) or not _is_another_form(part))
    ]


def _is_another_form(part: Part) -> bool:
    """Whether a part of an alternative says the same as the words beside it; an invitation is more than that."""
    return part.media_type == "text" and part.subtype != "calendar" and not declared_name(part)


def _own_parts(structure: Structure) -> list[Part]:
    """The parts without those that lie inside an attached message: they come with it."""
    own: list[Part] = []
    inside: set[int] = set()
    for number, part in enumerate(structure.parts):
        if part.parent in inside:
            inside.add(number)
            continue
        own.append(part)
        if part.media_type == "message" and number:
            inside.add(number)
    return own


def _attachment(raw: bytes, part: Part) -> Attachment:
    kind = f"{part.media_type}/{part.subtype}"
    content = transfer.decode(raw[part.body_start : part.body_end], part.encoding).octets
    written = (
        kind if MEDIA_TYPE.fullmatch(kind) else ""
    )  # `image/*`, which some write: what it is, is found out
    return Attachment(content, safe_filename(declared_name(part), kind), written)
