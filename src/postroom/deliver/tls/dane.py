"""The TLSA records of a host, as far as DNSSEC covers all that leads to them.

RFC 6698 §3 (the name of the records), RFC 7672 §2.1.1 (secure, insecure, and what cannot be told), §2.1.3 and §2.2.2 (aliases: which name is asked), §2.2.1 (the MX records), §2.2.3 and
§3.1.3 (records that cannot be used). The validation is the resolver's. Not here: certificates (`proto.dns.tlsa`), what follows (`choosing`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from postroom.deliver.mx import Target, asked
from postroom.message.journey.events import Record
from postroom.proto.dns.answer import Family, Tlsa, record_text
from postroom.proto.dns.resolver import Resolver
from postroom.proto.dns.tlsa import unusable, usable


class Found(enum.Enum):
    """What there is to hold a certificate against."""

    RECORDS = "records"
    UNUSABLE = "only records that cannot be used"
    NONE = "none"
    FAILED = "nobody can tell"


class Dane(msgspec.Struct, frozen=True):
    """`records` are those that count, `lines` all of them as text; `base` is the name that they stand under."""

    found: Found
    because: str
    base: str = ""
    records: tuple[Tlsa, ...] = ()
    lines: tuple[str, ...] = ()


async def look_up(
    resolver: Resolver, target: Target, port: int, record: Record, at: Callable[[], int]
) -> Dane:
    """The TLSA records of one host for a port. What is not secure is as if it were not there; what fails is not."""
    if not target.host:
        return Dane(Found.NONE, "an address literal has no TLSA records")
    if not target.named and not target.mx_secure:
        return Dane(Found.NONE, "DNSSEC does not cover the MX records")
    bases = await _bases(resolver, target, record, at)
    if isinstance(bases, Dane):
        return bases
    for base in bases:
        answer = await resolver.tlsa(f"_{port}._tcp.{base}")
        record(asked(answer, at()))
        if answer.failed:  # RFC 7672 §2.1.1: a forger can cause this; the host is not to be used
            return Dane(Found.FAILED, f"the DNS does not tell the TLSA records of {base} ({answer.rcode})")
        if answer.records and answer.authenticated:
            return _of(base, answer.records)
    return Dane(Found.NONE, f"{target.host} has no TLSA records")


def _of(base: str, records: tuple[Tlsa, ...]) -> Dane:
    good, lines = usable(records), tuple(record_text(record) for record in records)
    if good:
        return Dane(Found.RECORDS, f"TLSA records of {base}", base, good, lines)
    return Dane(
        Found.UNUSABLE, f"no TLSA record of {base} can be used: {unusable(records[0])}", base, (), lines
    )


async def _bases(
    resolver: Resolver, target: Target, record: Record, at: Callable[[], int]
) -> tuple[str, ...] | Dane:
    """The names whose TLSA records are asked for, in their order."""
    host = target.host
    if target.secure:  # the end of a secure chain of aliases comes first (RFC 7672 §2.2.2)
        return tuple(dict.fromkeys((target.canonical or host, host)))
    for family in (Family.IPV6, Family.IPV4):
        answer = await resolver.addresses(host, family)
        if answer.failed:
            return Dane(Found.FAILED, f"the DNS does not tell the addresses of {host} ({answer.rcode})")
    if target.canonical:
        alias = await resolver.cname(host)
        record(asked(alias, at()))
        if alias.failed:
            return Dane(Found.FAILED, f"the DNS does not tell whether {host} is an alias ({alias.rcode})")
        if alias.authenticated and alias.records:  # only where it leads to is not secure
            return (host,)
    return Dane(Found.NONE, f"DNSSEC does not cover the addresses of {host}")
