"""The TLSRPT record: where a domain wants to hear how connections to its mail servers come about.

RFC 8460 §3 (the record, and which of several texts counts). Not here: reports (`message.feedback.tls_report`).
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.proto.dns.resolver import Resolver

MAX_RECORD = 8192  # octets of a record
MAX_URIS = 5  # of one record; the rest is left out

_VERSION = b"v=TLSRPTv1"
_HTTPS = re.compile(r"https://[!-~]{1,2000}", re.IGNORECASE)
_WHITE = " \t"


class TlsRptRecord(msgspec.Struct, frozen=True):
    """Where reports go: mail addresses, and URLs that take them by POST. `text` as published."""

    text: str
    mail: tuple[Address, ...] = ()
    https: tuple[str, ...] = ()


class TlsRptUnknown(Exception):
    """The DNS does not say."""


async def look_up(resolver: Resolver, domain: str) -> TlsRptRecord | None:
    """The record of a domain; None without exactly one. Raises TlsRptUnknown when the DNS fails."""
    answer = await resolver.txt(f"_smtp._tls.{domain}")
    if answer.failed:
        raise TlsRptUnknown(f"the DNS answers {answer.rcode} for {answer.kind} of {answer.name}")
    records = [text for text in answer.records if _is_record(text)]
    return parse(records[0]) if len(records) == 1 else None


def _is_record(text: bytes) -> bool:
    return len(text) <= MAX_RECORD and text.partition(b";")[0].rstrip(b" \t") == _VERSION and b";" in text


def parse(text: bytes) -> TlsRptRecord:
    """The first rua= of a record; never raises."""
    published = text.decode("utf-8", "replace")
    for field in published.split(";")[1:]:
        name, equals, value = field.partition("=")
        if equals and name.strip(_WHITE).lower() == "rua":
            uris = [uri.strip(_WHITE) for uri in value.split(",", MAX_URIS)[:MAX_URIS]]
            mail = tuple(address for uri in uris if (address := _mailto(uri)) is not None)
            return TlsRptRecord(published, mail, tuple(uri for uri in uris if _HTTPS.fullmatch(uri)))
    return TlsRptRecord(published)


def _mailto(uri: str) -> Address | None:
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "mailto":
        return None
    return parse_mailbox(unquote(rest.partition("?")[0], errors="replace"))
