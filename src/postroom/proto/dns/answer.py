"""Answers of the DNS as values: what was asked, what came back, how long it holds.

RFC 1035 §4.1.1 (response codes), RFC 2308 §2 and §5 (name error, no data, negative TTL), RFC 4035 §3.2.3 (the AD bit), RFC 5321 §5.1
(MX), RFC 6698 §2.1 (TLSA), RFC 2782 (SRV), RFC 8659 §4.1 (CAA). Every outcome is an `Answer`: "no such name" and "the server failed" are as much a result as a record, and
whoever asked has to decide what each means for a letter. Not here: names on the wire, caches, sockets.
"""

from __future__ import annotations

import enum
import re
from typing import Generic, TypeVar

import msgspec

Record = TypeVar("Record")


class Kind(enum.StrEnum):
    """The record types that mail asks for; ADDRESS is A and AAAA in one answer. CAA is for diagnoses alone, SRV for them and for user agents."""

    A = "A"
    AAAA = "AAAA"
    ADDRESS = "A/AAAA"
    CAA = "CAA"
    CNAME = "CNAME"
    MX = "MX"
    PTR = "PTR"
    SRV = "SRV"
    TLSA = "TLSA"
    TXT = "TXT"


class Family(enum.StrEnum):
    """Which addresses are wanted."""

    IPV4 = "A"
    IPV6 = "AAAA"
    BOTH = "A/AAAA"


class Rcode(enum.StrEnum):
    """How a question ended: the codes of RFC 1035 §4.1.1, and two that no server sends."""

    NOERROR = "NOERROR"
    NXDOMAIN = "NXDOMAIN"
    FORMERR = "FORMERR"
    SERVFAIL = "SERVFAIL"
    NOTIMP = "NOTIMP"
    REFUSED = "REFUSED"
    TIMEOUT = "TIMEOUT"  # no server answered in time
    UNREACHABLE = "UNREACHABLE"  # no server could be asked at all


class Mx(msgspec.Struct, frozen=True, order=True):
    """A mail exchanger; exchange "" with preference 0 is the null MX of RFC 7505 §3."""

    preference: int
    exchange: str


class Tlsa(msgspec.Struct, frozen=True):
    """A TLSA record: the three numbers of RFC 6698 §2.1 and the certificate association data."""

    usage: int
    selector: int
    matching: int
    data: bytes


class Srv(msgspec.Struct, frozen=True):
    """Where a service is; target "" says that it is not offered (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


class Caa(msgspec.Struct, frozen=True):
    """Who may issue certificates (RFC 8659 §4.1)."""

    flags: int
    tag: str
    value: str


class Answer(msgspec.Struct, Generic[Record], frozen=True):
    """What came back for one question.

    `name` and names in `records` are in lower case, in A-labels, without a final dot; `records` are in the order of the server.
    `canonical` is where a chain of aliases ended, "" when there was none (RFC 5321 §5.1 goes on with that name). `ttl` is in seconds,
    for an empty answer that of RFC 2308 §5, for a failure 0. `authenticated`: DNSSEC covers the answer, its absence included.
    """

    name: str
    kind: Kind
    rcode: Rcode = Rcode.NOERROR
    records: tuple[Record, ...] = ()
    ttl: int = 0
    authenticated: bool = False
    canonical: str = ""

    @property
    def failed(self) -> bool:
        """Nothing is known: neither records nor their absence. For a letter this is a reason to wait, never to refuse."""
        return self.rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN)

    @property
    def absent(self) -> bool:
        """It is known that there are none: no such name, or no data of this kind (RFC 2308 §2)."""
        return not self.records and not self.failed

    def texts(self) -> list[str]:
        """The records as zone files write them, for people and for the journey."""
        return [record_text(record) for record in self.records]


def record_text(record: object) -> str:
    """`10 mail.example.com`, an address, a name, or a text in quotes (octets outside printable ASCII as \\DDD, RFC 1035 §5.1)."""
    if isinstance(record, Mx):
        return f"{record.preference} {record.exchange or '.'}"
    if isinstance(record, Tlsa):
        return f"{record.usage} {record.selector} {record.matching} {record.data.hex()}"
    if isinstance(record, Srv):
        return f"{record.priority} {record.weight} {record.port} {record.target or '.'}"
    if isinstance(record, Caa):
        return f'{record.flags} {record.tag} "{record.value}"'
    if isinstance(record, bytes):
        if _PLAIN(record):  # the usual case, and cheaper
            return f'"{record.decode()}"'
        return '"' + "".join(_PRINTED[octet] for octet in record) + '"'
    return str(record)


def _printed(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


_PLAIN = re.compile(rb"[ !#-\[\]-~]*+").fullmatch
_PRINTED = tuple(_printed(octet) for octet in range(256))
