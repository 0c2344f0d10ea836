"""Reading a failure report: one message that failed SPF, DKIM or DMARC, as its receiver reports it.

RFC 6591 §3 (fields), RFC 5965 §2 and §3 (message/feedback-report), RFC 9991 and RFC 7489 §7.3.1 (Identity-Alignment), RFC 6522 §3 (the message itself as the last part).
Whatever is malformed is left empty; what is kept of the message are a few fields of its header, since it is somebody's mail. Not here: making such
reports.
"""

from __future__ import annotations

import msgspec

from postroom.message.feedback.packing import BadReport
from postroom.message.headers.dates import parse_date
from postroom.message.headers.header import Header
from postroom.message.printable import printable

MAX_OCTETS = 1 << 20  # of the part that are read
MAX_VALUE = 998  # characters that are kept of a value
_FAILURE = "auth-failure"


class FailureReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """`kind` is what failed (bodyhash, revoked, signature, spf, dmarc); `alignment` which of dkim and spf were aligned, or none.

    `arrival` is unix seconds. `subject`, `message_id` and `author` are of the message that failed.
    """

    domain: str
    kind: str = ""
    source_ip: str = ""
    mail_from: str = ""
    arrival: int = 0
    results: str = ""
    delivery: str = ""
    alignment: str = ""
    dkim_domain: str = ""
    dkim_selector: str = ""
    agent: str = ""
    incidents: str = ""
    subject: str = ""
    message_id: str = ""
    author: str = ""


def read(fields: bytes, original: bytes = b"") -> FailureReport:
    """The decoded body of a message/feedback-report part, and the message or header that came with it; raises BadReport."""
    about = Header.parse(fields[:MAX_OCTETS])
    if _value(about, "Feedback-Type").lower() != _FAILURE:
        kind = _value(about, "Feedback-Type") or "none"
        raise BadReport(f"its Feedback-Type is {kind}, only {_FAILURE} is read here")
    header = Header.parse(original[:MAX_OCTETS])
    arrived = parse_date(about.get("Arrival-Date") or about.get("Received-Date") or b"")
    return FailureReport(
        _value(about, "Reported-Domain").lower(),
        _value(about, "Auth-Failure").lower(),
        _value(about, "Source-IP"),
        _value(about, "Original-Mail-From"),
        arrived.seconds if arrived else 0,
        _value(about, "Authentication-Results"),
        _value(about, "Delivery-Result").lower(),
        _value(about, "Identity-Alignment").lower(),
        _value(about, "DKIM-Domain").lower(),
        _value(about, "DKIM-Selector"),
        _value(about, "User-Agent"),
        _value(about, "Incidents"),
        _value(header, "Subject"),
        _value(header, "Message-ID"),
        _value(header, "From"),
    )


def _value(header: Header, name: str) -> str:
    return printable(header.get(name) or b"", MAX_VALUE)
