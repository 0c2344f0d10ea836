"""The operation that says which DNS records a domain of ours needs so that mail for it comes here.

RFC 5321 §5.1 (MX, address records), RFC 1912 §2.1 (the address's name back: other servers ask for it). Nothing is looked up: a question for a
record that is not there yet would be remembered as its absence. Not here: keys and policies (SPF, DKIM, DMARC), which come with what checks them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import Office, Operation
from postroom.store import directory

TTL = 300  # seconds: short, while it is being set up


class WantedRecords(msgspec.Struct, frozen=True):
    """For which domain; `addresses` are this system's public ones where its settings do not tell."""

    domain: str
    addresses: list[str] = []


class DnsRecord(msgspec.Struct, frozen=True):
    """A record as a zone file has it. `value` is "" where only the administrator can know it; `why` says what it is for."""

    name: str
    ttl: int
    type: str
    value: str
    why: str


async def records(office: Office, _: Caller, wanted: WantedRecords) -> AsyncIterator[DnsRecord]:
    """Yields the records of a domain of ours."""
    found = await directory.domain(office.engine.reading(), wanted.domain)
    if found is None:
        raise OperationError(
            f"{wanted.domain!r} is not a domain of this system; add it with: postroom domain add"
        )
    host = office.settings.server.hostname
    for record in records_of(found.name, host, wanted.addresses or list(office.settings.listen.addresses)):
        yield record


def records_of(domain: str, host: str, addresses: list[str]) -> list[DnsRecord]:
    """The records of a domain whose mail server is `host` at those of `addresses` that others can reach."""
    public = [ip for text in addresses if (ip := _public(text)) is not None]
    found = [DnsRecord(f"{domain}.", TTL, "MX", f"10 {host}.", "mail for the domain goes to this host")]
    for ip in public:
        kind = "A" if ip.version == 4 else "AAAA"
        found.append(DnsRecord(f"{host}.", TTL, kind, str(ip), "where the host is"))
    if not public:
        found.append(
            DnsRecord(f"{host}.", TTL, "A", "", "where the host is: put its public IPv4 address here")
        )
    why = "ask whoever gave you the address"
    found += [DnsRecord(f"{ip.reverse_pointer}.", TTL, "PTR", f"{host}.", why) for ip in public]
    return found


def zone_line(record: DnsRecord) -> str:
    """The record as a line of a zone file (RFC 1035 §5); a comment where the value is missing."""
    line = f"{record.name} {record.ttl} IN {record.type} {record.value or '<address>'}"
    return line if record.value else f"; {line}"


def _public(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if ip.is_unspecified or ip.is_loopback or ip.is_link_local else ip


RECORDS = Operation("dns.records", WantedRecords, DnsRecord, records, reads=True)
