"""Delivery status notifications: what became of a message, told to its sender, for people and for machines.

RFC 3464 (the format), RFC 3461 §6 (what goes into it over SMTP), RFC 6522 §3 (multipart/report), RFC 6533 §3 and §4 (internationalized
addresses and messages), RFC 3834 §3.1 and §5 (automatic responses). Pure: time and uniqueness are arguments. Not here: whether a
report is owed (`message.notifications.dsn_rules`), and how one is read (`message.notifications.dsn_parse`).
"""

from __future__ import annotations

import re

import msgspec

from postroom.message.address import Address
from postroom.message.composing.downgrade import downgrade
from postroom.message.encodings import encoded_words
from postroom.message.encodings.charset import header_text
from postroom.message.encodings.transfer import encode_base64, encode_quoted_printable, is_lines
from postroom.message.encodings.xtext import decode_unitext, encode_unitext
from postroom.message.envelope import BodyKind, Envelope, Notify, Recipient, Ret
from postroom.message.errors import ConversionRequired
from postroom.message.headers.dates import format_date
from postroom.message.headers.fields import LONGEST, Mailbox, address_field, message_id_field, text_field
from postroom.message.headers.header import Header
from postroom.message.headers.trace import header_end, path_text
from postroom.message.notifications.dsn_rules import Action
from postroom.message.notifications.dsn_text import (
    About,
    Delivery,
    clipped_reply,
    report_text,
    said_by_server,
)
from postroom.message.printable import printable, printable_ascii

MAX_RETURNED = (
    64 * 1024
)  # octets of a message returned whole; of a bigger one only the header is (RFC 3461 §6.2)

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,900}>")
_NO_COMMENT = str.maketrans("()\\", "???")
_SUBJECTS = ((Action.FAILED, "Undeliverable"), (Action.DELAYED, "Delayed"))


class Report(msgspec.Struct, frozen=True):
    """What a notification says. Times are unix seconds, 0 for unknown; `offset` is minutes from UTC for the dates that are written.

    `unique` serves for the Message-ID and the boundary: 1 to 40 letters and digits that no other message of this host has. `envid` is
    decoded from xtext. `journey` is the owner's part of the journey, line by line.
    """

    reporting_mta: str
    sender: Address
    deliveries: tuple[Delivery, ...]
    now: int
    unique: str
    arrival: int = 0
    received_from: str = ""
    envid: str | None = None
    ret: Ret | None = None
    journey: tuple[str, ...] = ()
    journey_id: str = ""
    offset: int = 0

    @property
    def international(self) -> bool:
        """Whether the way back takes UTF-8 in headers: the sender's own address needs it."""
        return not self.sender.is_ascii


class Notification(msgspec.Struct, frozen=True):
    """A notification, and the envelope to send it with: null reverse-path, NOTIFY=NEVER (RFC 3461 §6.1)."""

    raw: bytes
    envelope: Envelope


def compose_dsn(
    report: Report, original: bytes, *, whole: bool = True, limit: int = MAX_RETURNED
) -> Notification:
    """The notification about `original`; `whole` False: it is the header alone, or the beginning of a message too big to be at hand."""
    header = Header.parse(original)
    about = About(_decoded(header, "subject"), _decoded(header, "date"), _decoded(header, "message-id"))
    returned, body = _returned(report, original, whole=whole, limit=limit)
    text = report_text(report.reporting_mta, report.deliveries, about, report.journey)
    parts = [_text_part(text), _status_part(report), returned]
    boundary = _boundary(report.unique, parts)
    raw = b"".join(
        [
            _head(report, about),
            _kind(boundary, b"".join(parts)),
            *(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts),
            b"--%b--\r\n" % boundary,
        ]
    )
    recipient = Recipient(report.sender, notify=Notify.NEVER)
    kind = body if raw.isascii() or body is not BodyKind.SEVEN_BIT else BodyKind.EIGHT_BIT
    envelope = Envelope(None, [recipient], body=kind, smtputf8=report.international, size=len(raw))
    return Notification(raw, envelope)


def _head(report: Report, about: About) -> bytes:
    host = report.reporting_mta
    actions = {delivery.action for delivery in report.deliveries}
    done = "Handed on" if all(delivery.goes_on for delivery in report.deliveries) else "Delivered"
    what = next((words for action, words in _SUBJECTS if action in actions), done)
    subject = f"{what}: {printable(about.subject, 200)}" if about.subject else f"{what}: your message"
    fields = [
        b"Date: %b\r\n" % format_date(report.now, report.offset).encode(),
        address_field("From", [Mailbox(Address("postmaster", host), "Mail Delivery System")]),
        b"To: %b\r\n" % path_text(report.sender).encode(),
        text_field("Subject", subject),
        b"Message-ID: <%b@%b>\r\n" % (report.unique.encode(), host.encode()),
    ]
    if _MESSAGE_ID.fullmatch(about.message_id):
        fields += [message_id_field(name, [about.message_id]) for name in ("In-Reply-To", "References")]
    return b"".join([*fields, b"Auto-Submitted: auto-replied\r\n"])


def _kind(boundary: bytes, content: bytes) -> bytes:
    """The fields of MIME: a multipart with a part in 8bit is 8bit (RFC 2045 §6.4)."""
    eight_bit = b"" if content.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
    return (
        b"MIME-Version: 1.0\r\n%bContent-Type: multipart/report; report-type=delivery-status;\r\n"
        b' boundary="%b"\r\n\r\n' % (eight_bit, boundary)
    )


def _text_part(text: str) -> bytes:
    body = text.replace("\n", "\r\n")
    if body.isascii() and all(len(line) < LONGEST for line in body.split("\r\n")):
        return b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + body.encode()
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head + encode_quoted_printable(body.encode())


def _status_part(report: Report) -> bytes:
    """message/delivery-status (RFC 3464 §2.1), or message/global-delivery-status where the way back takes UTF-8 (RFC 6533 §4.1)."""
    groups = [
        _message_fields(report),
        *(_recipient_fields(report, delivery) for delivery in report.deliveries),
    ]
    text = "\r\n".join("".join(f"{field}\r\n" for field in group) for group in groups)
    octets = text.encode()
    if octets.isascii():
        return b"Content-Type: message/delivery-status\r\n\r\n" + octets
    return b"Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + octets


def _message_fields(report: Report) -> list[str]:
    """Per-message fields in the order of RFC 3464 §2.2."""
    fields = []
    if report.envid is not None:
        fields.append(f"Original-Envelope-Id: {printable_ascii(report.envid, 200)}")
    fields.append(f"Reporting-MTA: dns; {printable_ascii(report.reporting_mta, 255)}")
    if report.received_from:
        fields.append(f"Received-From-MTA: {_mta(report.received_from)}")
    if report.arrival:
        fields.append(f"Arrival-Date: {format_date(report.arrival, report.offset)}")
    if report.journey_id:
        fields.append(f"X-Postroom-Journey: {printable_ascii(report.journey_id, 100)}")
    return fields


def _recipient_fields(report: Report, delivery: Delivery) -> list[str]:
    """Per-recipient fields in the order of RFC 3464 §2.3; which of them are due says RFC 3461 §6.3."""
    fields = []
    recipient = delivery.recipient
    if recipient.orcpt is not None:
        fields.append(f"Original-Recipient: {_original(recipient.orcpt, utf8=report.international)}")
    fields += [
        f"Final-Recipient: {_typed(path_text(recipient.address), utf8=report.international)}",
        f"Action: {delivery.action}",
        f"Status: {delivery.status}",
    ]
    if delivery.remote:
        fields.append(f"Remote-MTA: {_mta(delivery.remote)}")
    if delivery.reply:
        fields.append(_diagnostic(delivery.reply))
    if delivery.last_attempt:
        fields.append(f"Last-Attempt-Date: {format_date(delivery.last_attempt, report.offset)}")
    if (
        delivery.retry_until and delivery.action is Action.DELAYED
    ):  # MUST NOT appear in others, RFC 3464 §2.3.9
        fields.append(f"Will-Retry-Until: {format_date(delivery.retry_until, report.offset)}")
    return fields


def _mta(host: str) -> str:
    """A name, or an address that stands in its place in brackets (RFC 3461 §9.3), and what follows it as a comment (RFC 3464 §2.2.4)."""
    name, _, more = printable_ascii(host, 255).translate(_NO_COMMENT).partition(" ")
    if more.startswith(f"[{name}]"):
        name = f"[{name}]"
    return f"dns; {name} ({more})" if more else f"dns; {name}"


def _diagnostic(reply: tuple[str, ...]) -> str:
    """Each line of the reply on one of its own (RFC 3461 §9.2); words of our own are not of type smtp (RFC 3464 §2.3.6)."""
    lines = [printable_ascii(line, LONGEST - 100) for line in clipped_reply(reply)]
    kind = "smtp" if said_by_server(reply) else "x-postroom"
    return f"Diagnostic-Code: {kind}; " + "\r\n ".join(line.strip() or "-" for line in lines)


def _original(orcpt: str, *, utf8: bool) -> str:
    kind, _, address = orcpt.partition(";")
    if kind.lower() == "utf-8":
        return _typed(decode_unitext(address) or address, utf8=utf8)
    return (
        _typed(address, utf8=utf8)
        if kind.lower() == "rfc822"
        else f"{printable_ascii(kind, 40)}; {printable_ascii(address, 500)}"
    )


def _typed(address: str, *, utf8: bool) -> str:
    """Address type and address: utf-8 outside ASCII, in the 7-bit form unless UTF-8 may stand here (RFC 6533 §3)."""
    address = printable(address, 500)
    if address.isascii():
        return f"rfc822; {address}"
    written = address if utf8 else encode_unitext(address)
    if (
        len(written.encode()) > LONGEST - 40
    ):  # no address that mail can be sent to is as long, an ORCPT may be
        return _typed(address[: LONGEST // 12], utf8=utf8)
    return f"utf-8; {written}"


def _returned(report: Report, original: bytes, *, whole: bool, limit: int) -> tuple[bytes, BodyKind]:
    """The third part: the message for failures unless RET=HDRS, else the header (RFC 3461 §4.3, §6.2)."""
    end = header_end(original)
    failed = any(delivery.action is Action.FAILED for delivery in report.deliveries)
    left_out = not failed or not whole or report.ret is Ret.HEADERS or len(original) > limit
    if left_out or not is_lines(original) or not _is_utf8(original[:end]):
        return _header_part(original[: min(end, limit)], utf8=report.international), BodyKind.SEVEN_BIT
    if original.isascii():
        return b"Content-Type: message/rfc822\r\n\r\n" + original, BodyKind.SEVEN_BIT
    if original[:end].isascii() and _fits_seven_bits(original):
        return (
            b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + original,
            BodyKind.EIGHT_BIT,
        )
    if report.international:
        head = b"Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        return head + original, BodyKind.EIGHT_BIT
    head = b"Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n"  # RFC 6533 §4.5
    return head + encode_base64(original), BodyKind.SEVEN_BIT


def _fits_seven_bits(original: bytes) -> bool:
    """Whether a next hop without 8BITMIME can be given it as a part: a report that cannot be sent is heard of by nobody."""
    try:
        downgrade(original, eight_bit=False)
    except ConversionRequired:
        return False
    return True


def _header_part(header: bytes, *, utf8: bool) -> bytes:
    """text/rfc822-headers (RFC 6522 §4), or message/global-headers (RFC 6533 §4.3)."""
    if header and not header.endswith(b"\r\n"):
        header = header[: header.rfind(b"\r\n") + 2]
    if header.isascii() and is_lines(header):
        return b"Content-Type: text/rfc822-headers\r\n\r\n" + header
    kind = b"message/global-headers" if not header.isascii() and _is_utf8(header) else b"text/rfc822-headers"
    if utf8 and kind.startswith(b"message") and is_lines(header):
        return b"Content-Type: %b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%b" % (kind, header)
    return b"Content-Type: %b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%b" % (
        kind,
        encode_quoted_printable(header),
    )


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(header: Header, name: str) -> str:
    value = header.get(name)
    return encoded_words.decode(header_text(value[:2000])) if value else ""


def _boundary(unique: str, parts: list[bytes]) -> bytes:
    boundary = b"=_%b" % unique.encode()
    while any(b"--" + boundary in part for part in parts):
        boundary += b"_"
    return boundary
