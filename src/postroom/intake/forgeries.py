"""Results that came with a message and say that they are ours: taken out, so that nobody believes what nobody here has found.

RFC 8601 §5 (Authentication-Results under one of our names, or under none), RFC 7208 §9.1 (Received-SPF with us as the receiver). Not here: what
we write ourselves.
"""

from __future__ import annotations

from collections.abc import Collection

from postroom.message.address import fold
from postroom.message.authentication_results import forged
from postroom.message.errors import BadContent
from postroom.message.header import Header
from postroom.message.trace import header_end

_RESULTS, _SPF = b"authentication-results", b"received-spf"


def without_forgeries(head: bytes, names: Collection[str]) -> bytes:
    """The head without them, the same object when there are none; `names` are ours. Raises `BadContent` for a header too long to be looked through."""
    header_text = head[: header_end(head)].lower()
    if _RESULTS not in header_text and _SPF not in header_text:
        return head
    header = Header.parse(head)
    rest = header.separator.lower()
    if header.truncated and (_RESULTS in rest or _SPF in rest):
        raise BadContent("The header is too long to be looked through for results that others forged")
    receivers = [f"receiver={fold(name)}".encode() for name in names]
    unwanted = forged(header, names)
    for field in header:
        if field.name.lower() == _SPF:
            value = field.value.lower().replace(b'"', b"")
            if any(receiver in value for receiver in receivers):
                unwanted.append(field)
    if not unwanted:
        return head
    header.discard(unwanted)
    return bytes(header) + head[header.end :]
