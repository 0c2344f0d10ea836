"""Message disposition notifications: what a recipient did with a message, told to who asked for it.

RFC 8098 §3 (the format), RFC 6522 §3 (multipart/report), RFC 6533 §3 (addresses outside ASCII). Pure: time and uniqueness are arguments. Not here: whether one
may be sent (RFC 8098 §2.1), and how one is read (`message.notifications.mdn_parse`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from postroom.message.address import Address
from postroom.message.encodings.transfer import encode_base64, encode_quoted_printable, is_lines
from postroom.message.encodings.xtext import encode_unitext
from postroom.message.headers.address_list import mailboxes, parse_address_list
from postroom.message.headers.dates import format_date
from postroom.message.headers.fields import LONGEST, Mailbox, address_field, message_id_field, text_field
from postroom.message.headers.header import Header
from postroom.message.headers.trace import header_end
from postroom.message.idn import a_labels
from postroom.message.printable import printable_ascii
from postroom.wire.dots import only_crlf

MAX_RETURNED: Final = 64 * 1024  # octets of a message that comes back whole
MAX_ASKING: Final = 10  # addresses of a Disposition-Notification-To field
ACTION_MODES: Final = ("manual-action", "automatic-action")
SENDING_MODES: Final = ("mdn-sent-manually", "mdn-sent-automatically")
TYPES: Final = ("deleted", "dispatched", "displayed", "processed")

_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{3,900}>")
_FIELD_NAME: Final = re.compile(r"[!-9;-~]{1,70}")
# What a notification says itself (RFC 8098 §3.2): an extension may not say it again.
FIELDS: Final = frozenset(
    ("reporting-ua", "mdn-gateway", "original-recipient", "final-recipient", "original-message-id", "disposition", "error")
)  # fmt: skip


class Disposition(msgspec.Struct, frozen=True):
    """RFC 8098 §3.2.6, in lower case: words of `ACTION_MODES`, `SENDING_MODES` and `TYPES`."""

    action_mode: str
    sending_mode: str
    type: str


class DispositionNotice(msgspec.Struct, frozen=True):
    """What a notification says. `now` is unix seconds; `final_recipient` and `author` are the same unless an alias was written to (RFC 8098 §3.2.4).

    `unique` serves for the Message-ID and the boundary: 1 to 40 letters and digits. "" leaves a field out.
    """

    author: Mailbox
    final_recipient: Address
    disposition: Disposition
    now: int
    unique: str
    subject: str
    text: str
    reporting_ua: str = ""
    include_original: bool = False
    extensions: Mapping[str, str] = MappingProxyType({})


def asking(header: Header) -> list[Address]:
    """Who wants a notification about a message (RFC 8098 §2.1); [] for nobody, and where that cannot be read."""
    values = header.all("Disposition-Notification-To")
    if len(values) != 1:
        return []
    found = [one.address for one in mailboxes(parse_address_list(values[0], MAX_ASKING + 1))]
    whole = [address for address in found if address is not None]
    return whole if len(whole) == len(found) <= MAX_ASKING else []


def original_recipient(header: Header) -> str:
    """`type; address` out of a message's Original-Recipient field (RFC 8098 §2.3); "" where there is not exactly one."""
    values = header.all("Original-Recipient")
    if len(values) != 1:
        return ""
    kind, semicolon, address = printable_ascii(values[0], 500).partition(";")
    return f"{kind.strip()}; {address.strip()}" if semicolon and kind.strip() and address.strip() else ""


def original_message_id(header: Header) -> str:
    """The message-id with its brackets; "" for none (RFC 8098 §3.2.5)."""
    written = (header.get("Message-ID") or b"").decode("ascii", "replace").strip()
    return written if _MESSAGE_ID.fullmatch(written) else ""


def typed(address: Address) -> str:
    """`rfc822; address`, or the 7-bit form of one outside ASCII (RFC 6533 §3)."""
    if address.is_ascii:
        return f"rfc822; {address}"
    return f"utf-8; {encode_unitext(str(address))}"


def is_extension(name: str) -> bool:
    """Whether a field of this name may stand in a notification beside what it says itself (RFC 8098 §3.3)."""
    return _FIELD_NAME.fullmatch(name) is not None and name.lower() not in FIELDS


def compose_mdn(notice: DispositionNotice, original: bytes) -> bytes:
    """The message, to all who asked for it. Raises ValueError when nobody did, `FieldRefused` for a text that no field can hold."""
    header = Header.parse(original)
    asked = asking(header)
    if not asked:
        raise ValueError("nobody asks for a notification")
    parts = [_text_part(notice.text), _disposition_part(notice, header)]
    if notice.include_original:
        parts.append(_original_part(original))
    boundary = b"=_%b" % notice.unique.encode()
    while any(b"--" + boundary in part for part in parts):
        boundary += b"_"
    pieces = [b"--%b\r\n%b\r\n" % (boundary, part) for part in parts]
    return b"".join(
        [_head(notice, header, asked), _kind(boundary, b"".join(parts)), *pieces, b"--%b--\r\n" % boundary]
    )


def _head(notice: DispositionNotice, header: Header, asked: list[Address]) -> bytes:
    domain = a_labels(notice.author.address.domain).encode()
    fields = [
        b"Date: %b\r\n" % format_date(notice.now).encode(),
        address_field("From", [notice.author]),
        address_field("To", [Mailbox(one, "") for one in asked]),
        text_field("Subject", notice.subject),
        b"Message-ID: <%b@%b>\r\n" % (notice.unique.encode(), domain),
    ]
    message_id = original_message_id(header)
    if message_id:
        fields += [message_id_field(name, [message_id]) for name in ("In-Reply-To", "References")]
    if notice.disposition.sending_mode == "mdn-sent-automatically":  # RFC 3834 §5
        fields.append(b"Auto-Submitted: auto-replied\r\n")
    return b"".join(fields)


def _kind(boundary: bytes, content: bytes) -> bytes:
    eight_bit = b"" if content.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
    return (
        b"MIME-Version: 1.0\r\n%bContent-Type: multipart/report; report-type=disposition-notification;\r\n"
        b' boundary="%b"\r\n\r\n' % (eight_bit, boundary)
    )


def _text_part(text: str) -> bytes:
    body = only_crlf(text.encode("utf-8", "replace"))
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    if body.isascii() and b"\0" not in body and all(len(line) < LONGEST for line in body.split(b"\r\n")):
        return b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + body
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head + encode_quoted_printable(body)


def _disposition_part(notice: DispositionNotice, header: Header) -> bytes:
    """message/disposition-notification, its fields in the order of RFC 8098 §3.1."""
    fields = []
    if notice.reporting_ua:
        fields.append(f"Reporting-UA: {printable_ascii(notice.reporting_ua, 200)}")
    recipient = original_recipient(header)
    if recipient:
        fields.append(f"Original-Recipient: {recipient}")
    fields.append(f"Final-Recipient: {typed(notice.final_recipient)}")
    message_id = original_message_id(header)
    if message_id:
        fields.append(f"Original-Message-ID: {message_id}")
    done = notice.disposition
    sent = {"mdn-sent-manually": "MDN-sent-manually", "mdn-sent-automatically": "MDN-sent-automatically"}
    fields.append(f"Disposition: {done.action_mode}/{sent[done.sending_mode]}; {done.type}")
    fields += [f"{name}: {printable_ascii(value, 900)}" for name, value in notice.extensions.items()]
    return (
        b"Content-Type: message/disposition-notification\r\n\r\n"
        + "".join(f"{one}\r\n" for one in fields).encode()
    )


def _original_part(original: bytes) -> bytes:
    """The message, or its header where it is long, or no plain lines: enough for its sender to know it again."""
    head = original[: header_end(original)]
    if len(original) <= MAX_RETURNED and head.isascii() and is_lines(original):
        eight_bit = b"" if original.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
        return b"Content-Type: message/rfc822\r\n%b\r\n%b" % (eight_bit, original)
    if len(head) <= MAX_RETURNED and head.isascii() and is_lines(head):
        return b"Content-Type: text/rfc822-headers\r\n\r\n" + head
    encoded = encode_base64(head[:MAX_RETURNED])
    return b"Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
