"""The reports that a message, or a file, holds: which of its parts is one, and of what kind.

RFC 9990 §3.5.2 and RFC 7489 §7.2.1.1 (a part of some type, with a name), RFC 8460 §5.3 (application/tlsrpt+gzip, +json), RFC 6591 §3.1
(message/feedback-report). The octets decide, not what a part says it is: reports come as application/zip, x-gzip, octet-stream. Who sent it is only
what our own Authentication-Results says (RFC 8601 §2.3). Not here: what is kept of a report.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import takewhile
from typing import TypeAlias

import msgspec

from postroom.message.encodings.transfer import decode
from postroom.message.feedback import aggregate_reading, failure, packing, tls_report
from postroom.message.feedback.aggregate import AggregateReport
from postroom.message.feedback.failure import FailureReport
from postroom.message.feedback.packing import BadReport
from postroom.message.feedback.tls_report import TlsReport
from postroom.message.headers import authentication_results
from postroom.message.headers.address_list import mailboxes, parse_address_list
from postroom.message.headers.header import Header
from postroom.message.mime.structure import Part, Structure, scan

MAX_REPORTS = 10  # of one message; further ones are not looked at
MAX_MESSAGE = 64 * 1024 * 1024  # octets of a message that is looked at

Report: TypeAlias = AggregateReport | TlsReport | FailureReport

_MARKS = (b"\x1f\x8b", b"PK\x03\x04", b"<", b"{", b"\xef\xbb\xbf")
_ORIGINALS = frozenset({("message", "rfc822"), ("text", "rfc822-headers"), ("message", "global")})
_WHITE = b" \t\r\n"


class Origin(msgspec.Struct, frozen=True):
    """Who brought a report: the domain of From, and whether our own server has found that DMARC passed."""

    sender: str = ""
    verified: bool = False


class Found(msgspec.Struct, frozen=True):
    """The reports of a message, and why others of its parts are none that can be read."""

    reports: tuple[Report, ...]
    problems: tuple[str, ...]


def read_document(octets: bytes) -> AggregateReport | TlsReport:
    """A report as it is attached or stored: packed or not, XML or JSON. Raises BadReport."""
    document = packing.unpack(octets)
    start = document[:1024].lstrip(b"\xef\xbb\xbf").lstrip(_WHITE)[:1]
    return tls_report.read(document) if start == b"{" else aggregate_reading.read(document)


def reports_in(raw: bytes) -> Found:
    """What a whole message holds; never raises."""
    if len(raw) > MAX_MESSAGE:
        return Found((), (f"the message has {len(raw)} octets, at most {MAX_MESSAGE} are looked at",))
    reports: list[Report] = []
    problems: list[str] = []
    structure = scan(raw)
    for part in _candidates(structure, raw):
        if len(reports) + len(problems) >= MAX_REPORTS:
            break
        try:
            reports.append(_read(raw, structure, part))
        except BadReport as error:
            problems.append(f"part {part.section or '1'}: {error}")
    return Found(tuple(reports), tuple(problems))


def _candidates(structure: Structure, raw: bytes) -> Iterator[Part]:
    inside = _inside(structure)
    for number, part in enumerate(structure.parts):
        if number in inside:
            continue  # of a message that a failure report brings
        if (part.media_type, part.subtype) == ("message", "feedback-report"):
            yield part
        elif (
            part.leaf and part.media_type in {"application", "text"} and part.subtype not in {"plain", "html"}
        ):
            head = decode(raw[part.body_start : part.body_start + 400], part.encoding).octets.lstrip(_WHITE)
            if head.startswith(_MARKS):
                yield part


def _inside(structure: Structure) -> set[int]:
    """The parts within attached messages."""
    found: set[int] = set()
    for number, part in enumerate(structure.parts):
        above = part.parent
        if above in found or (above >= 0 and part.is_message):
            found.add(number)
    return found


def _read(raw: bytes, structure: Structure, part: Part) -> Report:
    if part.media_type == "message":
        original = next(
            (
                one
                for one in structure.parts
                if (one.media_type, one.subtype) in _ORIGINALS and one.parent == part.parent
            ),
            None,
        )
        head = _octets(raw, original, failure.MAX_OCTETS) if original is not None else b""
        return failure.read(_octets(raw, part, failure.MAX_OCTETS), head)
    return read_document(_octets(raw, part, packing.MAX_UNPACKED + 1))


def _octets(raw: bytes, part: Part, limit: int) -> bytes:
    return decode(raw[part.body_start : part.body_end], part.encoding, limit).octets


def origin(raw: bytes, own: Collection[str]) -> Origin:
    """Who a message is from. `own` are the names that our doors write results under: on top, before our own Received field, where nobody else can."""
    header = Header.parse(raw)
    fields = [field for field in header if field.name.lower() == b"from"]
    authors = mailboxes(parse_address_list(fields[0].value, 2)) if len(fields) == 1 else []
    address = authors[0].address if len(authors) == 1 else None
    if address is None:
        return Origin()
    on_top = Header(list(takewhile(lambda field: field.name.lower() != b"received", header)))
    for field in authentication_results.forged(on_top, own):
        found = authentication_results.parse(field.value)
        if found is not None and found.authserv_id:
            passed = any((one.method, one.result) == ("dmarc", "pass") for one in found.results)
            return Origin(address.domain, passed)
    return Origin(address.domain)
