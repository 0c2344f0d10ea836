"""What the standard library's `email` reads in a message: its envelope and its parts with their IMAP numbers, independent of our readers."""

from __future__ import annotations

import email
import email.policy
import inspect
from collections.abc import Iterator
from email.message import Message
from email.utils import getaddresses
from typing import NamedTuple

# Newer ones give up a whole field for a stray comma, unless they are told not to (CVE-2023-27043); Debian's 3.11.2 does as well.
_AS_EVER: dict[str, bool] = (
    {"strict": False} if "strict" in inspect.signature(getaddresses).parameters else {}
)


class Leaf(NamedTuple):
    """A part without parts: `octets` as they stand in the message, `content` decoded."""

    number: str
    media_type: str
    parameters: dict[str, str]
    encoding: str
    octets: bytes
    content: bytes


def read(raw: bytes) -> Message:
    return email.message_from_bytes(raw, policy=email.policy.compat32)


def leaves(message: Message) -> Iterator[Leaf]:
    """All leaves in their order; those of a message within the message have its number before their own."""
    if message.is_multipart() and message.get_content_maintype() != "message":
        yield from _children(message, "")
    else:
        yield from _part(message, "1")


def _children(message: Message, prefix: str) -> Iterator[Leaf]:
    for number, part in enumerate(message.get_payload(), 1):
        yield from _part(part, f"{prefix}{number}")


def _part(part: Message, number: str) -> Iterator[Leaf]:
    if part.get_content_maintype() == "message" and part.is_multipart():
        inner = part.get_payload(0)
        if inner.is_multipart() and inner.get_content_maintype() != "message":
            yield from _children(inner, f"{number}.")
        else:
            yield from _part(inner, f"{number}.1")
    elif part.is_multipart():
        yield from _children(part, f"{number}.")
    else:
        payload: str = part._payload  # as it stands: `get_payload` would decode its charset
        yield Leaf(
            number,
            part.get_content_type(),
            _parameters(part),
            str(part.get("Content-Transfer-Encoding", "7bit")).strip().lower(),
            payload.encode("ascii", "surrogateescape"),
            part.get_payload(decode=True),
        )


def _parameters(part: Message) -> dict[str, str]:
    if "Content-Type" not in part:
        return {"charset": "us-ascii"}  # RFC 2045 §5.2
    return {name.lower(): value for name, value in (part.get_params() or [])[1:] if isinstance(value, str)}


def field(message: Message, name: str) -> bytes | None:
    """A field's value, unfolded."""
    for found, value in message.raw_items():
        if found.lower() == name.lower():
            return value.replace("\r\n", "").encode("utf-8", "surrogateescape").strip()
    return None


def addresses(message: Message, name: str) -> list[tuple[bytes, bytes]] | None:
    """(name, address) of the first such field, with single spaces in names; None without it, and for groups, which it cannot tell."""
    value = field(message, name)
    if value is None or value.rstrip().endswith(b";") or b":;" in value:
        return None
    found = getaddresses([value.decode("utf-8", "surrogateescape")], **_AS_EVER)
    return [(spaced(person.encode("utf-8", "surrogateescape")), one.encode()) for person, one in found]


def spaced(text: bytes) -> bytes:
    """With single spaces."""
    return b" ".join(text.split())
