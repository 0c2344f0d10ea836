"""From a draft to a message: fields, structure and encodings of what a user writes.

RFC 5322 §3.6 (fields), RFC 2045 and RFC 2046 §5.1 (MIME, alternative and mixed), RFC 2387 (related), RFC 2183 (disposition), RFC 2392
(Content-ID), RFC 3676 (flowed text), RFC 6532 §3.2 (addresses in UTF-8). Pure: time and uniqueness are arguments. A value that would
break the header is refused with the name of its field. Not here: replies (`message.composing.reply`), and sending.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from postroom.message.address import Address
from postroom.message.encodings.transfer import encode
from postroom.message.envelope import BodyKind
from postroom.message.headers.dates import format_date
from postroom.message.headers.fields import (
    FieldRefused,
    Mailbox,
    address_field,
    check,
    check_name,
    message_id_field,
    text_field,
)
from postroom.message.headers.parameters import format_parameter
from postroom.message.mime.flowed import Paragraph
from postroom.message.mime.flowed import encode as flow
from postroom.message.mime.media_types import OCTETS, media_type
from postroom.wire.dots import only_crlf

MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_UNIQUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_MESSAGES = ("message/rfc822", "message/global")
_LINE_END = re.compile(r"\r\n|\r|\n")  # a form feed, or U+2028, stays where the writer has put it
_MARKS = re.compile(r"(?:> ?)*")
_NOT_LINES = re.compile(rb"\0|\r(?!\n)|(?<!\r)\n|[^\n]{999}")
# Fields that the draft has places of its own for, and those that only servers write
_RESERVED = {
    *("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references"),
    *("subject", "user-agent", "mime-version", "received", "return-path", "delivered-to"),
}


class Attachment(msgspec.Struct, frozen=True):
    """A file. Without a `media_type` it is found from content and name; `content_id` (no brackets) is what HTML calls `cid:`."""

    content: bytes
    name: str = ""
    media_type: str = ""
    inline: bool = False
    content_id: str = ""
    description: str = ""


class Draft(msgspec.Struct):
    """What a user writes. Line ends of `text` and `html` may be any. `extra` are further fields, as (name, text)."""

    author: list[Mailbox]
    to: list[Mailbox] = []
    cc: list[Mailbox] = []
    bcc: list[Mailbox] = []
    reply_to: list[Mailbox] = []
    sender: Mailbox | None = None
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: list[Attachment] = []
    in_reply_to: list[str] = []
    references: list[str] = []
    extra: list[tuple[str, str]] = []
    user_agent: str = ""
    flowed: bool = False


class Making(msgspec.Struct, frozen=True):
    """What the composer must be given: the time (unix seconds, minutes from UTC) and a name no other message has.

    `unique`: 1 to 60 letters, digits, `.`, `_`, `-`; `domain` is the right side of the Message-ID. With `eight_bit` text may go as 8bit,
    where the way is known to take 8BITMIME. `keep_bcc` is for the copy that the writer keeps.
    """

    now: int
    unique: str
    domain: str
    offset: int = 0
    eight_bit: bool = False
    keep_bcc: bool = False


class Composed(msgspec.Struct, frozen=True):
    """The message with CRLF line ends, and what its envelope needs."""

    raw: bytes
    message_id: str
    recipients: list[Address]
    body: BodyKind
    smtputf8: bool


class _Part(msgspec.Struct):
    """A leaf: its Content- fields and its encoded body."""

    fields: list[bytes]
    body: bytes


class _Multipart(msgspec.Struct):
    subtype: str
    parts: list[_Part | _Multipart]


def compose(draft: Draft, making: Making) -> Composed:
    """The finished message. Raises FieldRefused, naming the field, for anything that cannot be written as it is."""
    if not _UNIQUE.fullmatch(making.unique):
        raise ValueError("unique: 1 to 60 letters, digits, dots, hyphens, underscores")
    message_id = f"<{making.unique}@{making.domain}>"
    head = _head(draft, making, message_id)
    content = _render(_structure(draft, making), making.unique)
    raw = b"".join([*head, b"MIME-Version: 1.0\r\n", content])
    mailboxes = [*draft.to, *draft.cc, *draft.bcc]
    visible = [
        *draft.author,
        *draft.to,
        *draft.cc,
        *draft.reply_to,
        *([draft.sender] if draft.sender else []),
    ]
    return Composed(
        raw,
        message_id,
        list({mailbox.address.key: mailbox.address for mailbox in mailboxes}.values()),
        BodyKind.SEVEN_BIT if raw.isascii() else BodyKind.EIGHT_BIT,
        not all(mailbox.address.is_ascii for mailbox in [*visible, *draft.bcc]),
    )


def _head(draft: Draft, making: Making, message_id: str) -> list[bytes]:
    if not draft.author:
        raise FieldRefused("From", "there must be at least one author (RFC 5322 §3.6.2)")
    sender = draft.sender or (draft.author[0] if len(draft.author) > 1 else None)
    fields = [
        b"Date: %b\r\n" % format_date(making.now, making.offset).encode(),
        address_field("From", draft.author),
    ]
    if sender is not None and [sender] != draft.author:
        fields.append(address_field("Sender", [sender]))
    lists = [("Reply-To", draft.reply_to), ("To", draft.to), ("Cc", draft.cc)]
    lists += [("Bcc", draft.bcc)] if making.keep_bcc else []
    fields += [address_field(name, mailboxes) for name, mailboxes in lists if mailboxes]
    if not draft.to and not draft.cc and not making.keep_bcc:
        fields.append(b"To: undisclosed-recipients:;\r\n")
    for mailbox in draft.bcc:  # the field does not go out, and is checked all the same
        address_field("Bcc", [mailbox])
    fields += [text_field("Subject", draft.subject), message_id_field("Message-ID", [message_id])]
    ids = [("In-Reply-To", draft.in_reply_to), ("References", draft.references)]
    fields += [message_id_field(name, values) for name, values in ids if values]
    fields += [_extra(name, value) for name, value in draft.extra]
    return [*fields, text_field("User-Agent", draft.user_agent)] if draft.user_agent else fields


def _extra(name: str, value: str) -> bytes:
    folded = check_name(name).lower()
    if folded in _RESERVED or folded.startswith(("content-", "resent-")):
        raise FieldRefused(name, "this field is not free to be set; use the draft's own place for it")
    return text_field(name, value)


def _structure(draft: Draft, making: Making) -> _Part | _Multipart:
    """mixed(alternative(text, related(html, inline ...)), attachments ...), each level only where it is needed."""
    attached = [
        attachment for attachment in draft.attachments if not (draft.html and _belongs_to_html(attachment))
    ]
    within = [attachment for attachment in draft.attachments if draft.html and _belongs_to_html(attachment)]
    parts: list[_Part | _Multipart] = []
    bodies: list[_Part | _Multipart] = []
    if draft.text or not (draft.html or attached):
        bodies.append(_text(draft, making))
    if draft.html:
        html = _encoded("html", draft.html, "text/html", making)
        bodies.append(_Multipart("related", [html, *_attachments(within, making)]) if within else html)
    if bodies:
        parts.append(bodies[0] if len(bodies) == 1 else _Multipart("alternative", bodies))
    parts += _attachments(attached, making)
    return parts[0] if len(parts) == 1 else _Multipart("mixed", parts)


def _belongs_to_html(attachment: Attachment) -> bool:
    return attachment.inline and bool(attachment.content_id)


def _text(draft: Draft, making: Making) -> _Part:
    text = draft.text if draft.text.endswith(("\n", "\r")) or not draft.text else draft.text + "\n"
    if draft.flowed:
        paragraphs = [_paragraph(line) for line in _LINE_END.split(text)[:-1]]
        return _encoded("text", flow(paragraphs), "text/plain", making, ["format=flowed"])
    return _encoded("text", text, "text/plain", making)


def _paragraph(line: str) -> Paragraph:
    """A line as the writer sees it; `> > ` and `>> ` are the same depth."""
    marks = _MARKS.match(line)
    assert marks  # it matches the empty string
    return Paragraph(marks.group().count(">"), line[marks.end() :])


def _encoded(where: str, text: str, kind: str, making: Making, parameters: Sequence[str] = ()) -> _Part:
    try:
        octets = text.encode()
    except UnicodeEncodeError as broken:
        raise FieldRefused(
            where, f"a lone surrogate is no character (character {broken.start + 1})"
        ) from None
    done = encode(octets, text=True, eight_bit=making.eight_bit)
    charset = "us-ascii" if octets.isascii() else "utf-8"
    return _Part(
        [_with_parameters("Content-Type", kind, [f"charset={charset}", *parameters]), *_cte(done.encoding)],
        done.body,
    )


def _attachments(attachments: Iterable[Attachment], making: Making) -> list[_Part | _Multipart]:
    return [_attachment(attachment, making) for attachment in attachments]


def _attachment(attachment: Attachment, making: Making) -> _Part:
    name = check("attachment name", attachment.name)
    kind = (attachment.media_type or media_type(name, attachment.content)).lower()
    if not MEDIA_TYPE.fullmatch(kind) or kind.startswith("multipart/"):
        raise FieldRefused(
            "attachment type", f"{kind[:80]!r} is not a media type of the form type/subtype for one file"
        )
    content = attachment.content
    if kind in _MESSAGES:
        content = only_crlf(content)
        kind = OCTETS if _NOT_LINES.search(content) else kind  # may not be encoded, RFC 2046 §5.2.1
    encoding, body = _content(kind, content, making)
    parameters = (
        ["charset=utf-8"]
        if kind.startswith("text/") and not body.isascii() and encoding == "8bit"
        else _charset(kind, content)
    )
    fields = [_with_parameters("Content-Type", kind, parameters), *_cte(encoding)]
    named = format_parameter("filename", name) if name else []
    fields.append(
        _with_parameters("Content-Disposition", "inline" if attachment.inline else "attachment", named)
    )
    if attachment.content_id:
        fields.append(message_id_field("Content-ID", [f"<{attachment.content_id}>"]))
    if attachment.description:
        fields.append(text_field("Content-Description", attachment.description))
    return _Part(fields, body)


def _content(kind: str, content: bytes, making: Making) -> tuple[str, bytes]:
    """Encoding and body; a file comes back octet by octet: text is treated as such only when its lines end with CRLF already."""
    if kind in _MESSAGES:
        return ("7bit" if content.isascii() else "8bit"), content
    is_text = kind.startswith("text/") and not _NOT_LINES.search(content)
    return encode(content, text=is_text, eight_bit=making.eight_bit)


def _charset(kind: str, content: bytes) -> list[str]:
    if not kind.startswith("text/"):
        return []
    try:
        content.decode()
    except UnicodeDecodeError:
        return []
    return ["charset=us-ascii" if content.isascii() else "charset=utf-8"]


def _cte(encoding: str) -> list[bytes]:
    return [] if encoding == "7bit" else [b"Content-Transfer-Encoding: %b\r\n" % encoding.encode()]


def _with_parameters(name: str, value: str, parameters: Sequence[str]) -> bytes:
    line = f"{name}: {value}"
    lines: list[str] = []
    for parameter in parameters:
        line += ";"
        if len(line) + 1 + len(parameter) > 78:
            lines.append(line)
            line = f" {parameter}"
        else:
            line += f" {parameter}"
    return "\r\n".join([*lines, line]).encode() + b"\r\n"


def _render(node: _Part | _Multipart, unique: str) -> bytes:
    """Fields, empty line and body; three levels at most."""
    if isinstance(node, _Part):
        return b"".join([*node.fields, b"\r\n", node.body])
    parts = [_render(part, unique) for part in node.parts]
    boundary = f"=_{node.subtype}_{unique}".encode()
    while any(b"--" + boundary in part for part in parts):
        boundary += b"_"
    quoted = [f'boundary="{boundary.decode()}"']
    if node.subtype == "related":
        quoted.insert(0, 'type="text/html"')  # RFC 2387 §3.1
    encoding = "7bit" if all(part.isascii() for part in parts) else "8bit"  # RFC 2045 §6.4
    pieces = [_with_parameters("Content-Type", f"multipart/{node.subtype}", quoted), *_cte(encoding), b"\r\n"]
    pieces += [b"--%b\r\n%b\r\n" % (boundary, part) for part in parts]
    return b"".join([*pieces, b"--%b--\r\n" % boundary])
