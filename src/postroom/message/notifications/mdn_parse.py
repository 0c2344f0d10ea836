"""Reading disposition notifications that others sent: about which message, for whom, and what was done with it.

RFC 8098 §3.1 to §3.3, RFC 6533 §3 (utf-8 addresses). Only what the format asks for must be there (Final-Recipient, Disposition); the rest is empty where it is
malformed. None of it is proof: anybody can write one.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from postroom.message.encodings import encoded_words
from postroom.message.encodings.charset import decode as decode_charset
from postroom.message.encodings.charset import header_text
from postroom.message.encodings.transfer import decode
from postroom.message.headers.header import Header
from postroom.message.mime.structure import Part, scan
from postroom.message.notifications.mdn import ACTION_MODES, FIELDS, SENDING_MODES, TYPES, Disposition
from postroom.message.notifications.report_fields import MAX_VALUE, text_of, typed_address

MAX_OCTETS: Final = 65_536  # of the part that are read
MAX_TEXT: Final = 262_144  # octets of the part for people
MAX_EXTENSIONS: Final = 100  # fields of others that are read
MAX_ERRORS: Final = 100  # Error fields, likewise

_PARTS: Final = {("message", "disposition-notification"), ("message", "global-disposition-notification")}
_DISPOSITION: Final = re.compile(
    r"\s*([A-Za-z-]{1,40})\s*/\s*([A-Za-z-]{1,40})\s*;\s*([A-Za-z-]{1,40})\s*(?:/.*)?", re.DOTALL
)


class ParsedNotice(msgspec.Struct, frozen=True):
    """What a notification says; recipients as `type; address`, "" where something is not said."""

    disposition: Disposition
    final_recipient: str
    original_recipient: str = ""
    original_message_id: str = ""
    reporting_ua: str = ""
    gateway: str = ""
    errors: tuple[str, ...] = ()
    extensions: dict[str, str] = {}
    subject: str = ""
    text: str | None = None
    returned: bool = False  # whether a third part brings the message back

    @property
    def address(self) -> str:
        """The address of the recipient as the sender wrote it, when that is there, else as it was at the last."""
        return (self.original_recipient or self.final_recipient).partition(";")[2].strip()


def parse_mdn(raw: bytes) -> ParsedNotice | None:
    """The notification in a message; None for a message that is none (RFC 8098 §3: a multipart/report with its second part).

    A report that brings a notification back, as a bounce of one does, is none.
    """
    parts = scan(raw).parts
    if not parts or (parts[0].media_type, parts[0].subtype) != ("multipart", "report"):
        return None
    own = [part for part in parts if part.parent == 0]
    found = next((part for part in own if (part.media_type, part.subtype) in _PARTS), None)
    if found is None:
        return None
    header = Header.parse(_octets(raw, found, MAX_OCTETS))
    disposition = _disposition(text_of(header.get("Disposition")))
    final = _address(header.get("Final-Recipient"))
    if disposition is None or not final:
        return None
    subject = Header.parse(raw).get("Subject")
    return ParsedNotice(
        disposition,
        final,
        _address(header.get("Original-Recipient")),
        text_of(header.get("Original-Message-ID")),
        text_of(header.get("Reporting-UA")),
        text_of(header.get("MDN-Gateway")),
        tuple(text_of(value) for value in header.all("Error")[:MAX_ERRORS]),
        _extensions(header),
        encoded_words.decode(header_text(subject[:MAX_VALUE])) if subject else "",
        _for_people(raw, parts[: parts.index(found)]),
        own[-1] is not found,
    )


def _octets(raw: bytes, part: Part, limit: int) -> bytes:
    return decode(
        raw[part.body_start : min(part.body_end, part.body_start + 2 * limit)], part.encoding, limit
    ).octets


def _for_people(raw: bytes, parts: list[Part]) -> str | None:
    """The first text/plain part, of those before the notification."""
    for part in parts:
        if (part.media_type, part.subtype) == ("text", "plain"):
            return decode_charset(_octets(raw, part, MAX_TEXT), part.parameter("charset")).text.replace(
                "\r\n", "\n"
            )
    return None


def _disposition(text: str) -> Disposition | None:
    found = _DISPOSITION.fullmatch(text)
    if found is None:
        return None
    action, sending, kind = (word.lower() for word in found.groups())
    return (
        Disposition(action, sending, kind)
        if (action in ACTION_MODES and sending in SENDING_MODES and kind in TYPES)
        else None
    )


def _extensions(header: Header) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in header:
        name = field.name.decode("ascii", "replace")
        if name.lower() not in FIELDS and len(found) < MAX_EXTENSIONS:
            found.setdefault(name, text_of(field.value))
    return found


def _address(value: bytes | None) -> str:
    kind, address = typed_address(value)
    return f"{kind}; {address}" if kind is not None and address else ""
