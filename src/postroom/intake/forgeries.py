"""Results that came with a message and say that they are ours: taken out, so that nobody believes what nobody here has found.

RFC 8601 §5 (Authentication-Results under one of our names, under none, or of another version, and a stranger's from within a recipient's domain),
RFC 7208 §9.1 (Received-SPF with us as the receiver). Not here: what we write ourselves.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from postroom.intake.client import Incoming
from postroom.message.errors import BadContent
from postroom.message.headers.authentication_results import comparable, forged
from postroom.message.headers.comments import without_comments
from postroom.message.headers.header import Header
from postroom.message.headers.trace import header_end

MAX_RECEIVERS = 10  # receiver= of one Received-SPF that are read; a field with more is taken out
MAX_CHECKS = 10  # Received-SPF fields that are looked into; those below are taken out
MAX_CHECK = 4096  # octets of one; a longer one is taken out

_RESULTS, _SPF = b"authentication-results", b"received-spf"
_PAIR = re.compile(r"\\(.?)", re.DOTALL)
_RECEIVER = re.compile(r"(?<![\w.-])receiver=([^\s;]*+)", re.IGNORECASE)


def foreign_to(incoming: Incoming) -> frozenset[str]:
    """The domains within which nobody is whom we examine: those of the recipients, as far as they are ours."""
    if incoming.opening is None:
        return frozenset()
    recipients = enumerate(incoming.envelope.recipients)
    return frozenset(
        one.address.domain for number, one in recipients if incoming.known.get(number) is not None
    )


def without_forgeries(head: bytes, names: Collection[str], domains: Collection[str] = ()) -> bytes:
    """The head without them, the same object when there are none; `names` are ours, and all within `domains` are.

    Raises `BadContent` for a header too long to be looked through.
    """
    header_text = head[: header_end(head)].lower()
    if _RESULTS not in header_text and _SPF not in header_text:
        return head
    header = Header.parse(head)
    rest = header.separator.lower()
    if header.truncated and (_RESULTS in rest or _SPF in rest):
        raise BadContent("The header is too long to be looked through for results that others forged")
    ours = {comparable(name) for name in names}
    unwanted = forged(header, names, domains)
    checks = [field for field in header if field.name.lower() == _SPF]
    unwanted += [field for field in checks[:MAX_CHECKS] if _is_forged(field.value, ours)]
    unwanted += checks[MAX_CHECKS:]
    if not unwanted:
        return head
    header.discard(unwanted)
    return bytes(header) + head[header.end :]


def _is_forged(value: bytes, ours: Collection[str]) -> bool:
    """Whether a Received-SPF says that we have checked: by receiver=, around whose value comments and white space may stand."""
    if len(value) > MAX_CHECK:
        return True
    text = without_comments(value.decode("utf-8", "replace"), unclosed_stays=True)
    plain = _PAIR.sub(r"\1", text).replace('"', "")
    pairs = "=".join([piece.strip() for piece in plain.split("=")])
    receivers = _RECEIVER.findall(pairs)
    return len(receivers) > MAX_RECEIVERS or any(comparable(name) in ours for name in receivers)
