"""What a submission server adds to and takes from a user's message.

RFC 6409 §8 (Date, Message-ID; the address of the sender where From is missing), RFC 5322 §3.6.3 (Bcc is not sent on),
RFC 5321 §4.4 (no Return-Path from an originating system). Pure: date and uniqueness are arguments. Not here: Received and Return-Path of
our own (`message.headers.trace`), and a message that comes from another server, which is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from postroom.message.address import Address
from postroom.message.headers.address_list import without_domain
from postroom.message.headers.trace import header_end

_VALUE = r"[ \t]*:[^\r\n]*+(?>(?:\r\n[ \t][^\r\n]*+)*)"
_ADDRESSES = re.compile(
    rf"(?:\A|(?<=\r\n))((?:resent-)?(?:from|sender|to|cc)|reply-to)({_VALUE})".encode(), re.IGNORECASE
)
STRIPPED = ("bcc", "resent-bcc", "return-path")


class Modifications(msgspec.Struct, frozen=True):
    """What to do: octets to put in front (whole fields), and the names (lower case) of the fields to take out."""

    prepend: bytes = b""
    strip: tuple[str, ...] = ()


def modifications(raw: bytes, sender: Address | None, date: str, unique: str) -> Modifications:
    """What a submitted message needs (RFC 6409 §8). The header of `raw` must be closed already.

    `date` is a date-time of RFC 5322 §3.3, `unique` the whole id-left "@" id-right of a Message-ID.
    """
    header = b"\r\n" + raw[: header_end(raw)].lower()
    prepend = b""
    if not _has(header, b"date"):
        prepend += b"Date: %b\r\n" % date.encode()
    if not _has(header, b"from") and sender is not None:
        prepend += b"From: %b\r\n" % str(sender).encode()
    if not _has(header, b"message-id"):
        prepend += b"Message-ID: <%b>\r\n" % unique.encode()
    return Modifications(prepend, tuple(name for name in STRIPPED if _has(header, name.encode())))


def apply_modifications(raw: bytes, changes: Modifications) -> bytes:
    """The message with these changes made; the same object when there are none."""
    stripped = strip_fields(raw, changes.strip) if changes.strip else raw
    return changes.prepend + stripped if changes.prepend else stripped


def with_domains(raw: bytes, domain: str) -> bytes:
    """The message whose address fields have a domain in each address (RFC 5322 §3.4.1): a program's `From: root (Cron Daemon)` has none."""

    def completed(found: re.Match[bytes]) -> bytes:
        name, value = found.groups()
        text = value.decode("latin-1")  # an octet is a character: the places are the same
        colon = text.index(":") + 1
        for place in reversed(without_domain(text[colon:])):
            value = value[: colon + place] + b"@" + domain.encode() + value[colon + place :]
        return name + value

    end = header_end(raw)
    return _ADDRESSES.sub(completed, raw[:end]) + raw[end:]


def strip_fields(raw: bytes, names: Iterable[str]) -> bytes:
    """The message without the fields of these names (any case), their continuation lines included; the rest octet by octet the same."""
    field = "|".join(re.escape(name) for name in names)
    if not field:
        return raw
    pattern = rf"(?:\A|(?<=\r\n))(?:{field}){_VALUE}(?:\r\n|\Z)"
    end = header_end(raw)
    return re.sub(pattern.encode(), b"", raw[:end], flags=re.IGNORECASE) + raw[end:]


def _has(header: bytes, name: bytes) -> bool:
    """Whether a lower-case header with CRLF in front has the field; the spaces of `Date : x` are RFC 5322 §4.5's."""
    if b"\r\n" + name + b":" in header:
        return True
    return name in header and re.search(rb"\r\n" + name + rb"[ \t]+:", header) is not None
