"""The operation that says which DNS records a domain of ours needs.

Nothing is looked up. Not here: which records those are (`app.dns.records`), and whether they are there (`app.dns.check`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.dns.forms import WrittenRecord, written
from postroom.app.dns.records import POLICIES, records_of
from postroom.app.dns.site import site_of
from postroom.app.operations.dkim import key_record
from postroom.app.operations.office import Office, Operation
from postroom.mailauth.dkim.rotation import Phase
from postroom.store.directory import dkim_keys
from postroom.store.directory import lookup as directory


class WantedRecords(msgspec.Struct, frozen=True):
    """For which domain; `addresses` are this system's public ones where its settings do not tell; `dmarc` is the policy to be published."""

    domain: str
    addresses: list[str] = []
    dmarc: str = "none"


async def records(office: Office, _: Caller, wanted: WantedRecords) -> AsyncIterator[WrittenRecord]:
    """Yields the records of a domain of ours."""
    if wanted.dmarc not in POLICIES:
        raise OperationError(f"{wanted.dmarc!r} is no policy of DMARC; use {', '.join(POLICIES)}")
    addresses = [_ip(text) for text in wanted.addresses]
    reading = office.engine.reading()
    found = await directory.domain(reading, wanted.domain)
    if found is None:
        raise OperationError(
            f"{wanted.domain!r} is not a domain of this system; add it with: postroom domain add {wanted.domain}"
        )
    rows = sorted(
        await dkim_keys.of(reading, found.name), key=lambda row: (row.phase == Phase.REVOKED, row.since)
    )
    keys = [key_record(row) for row in rows]
    site = site_of(office.settings, found.name, keys, addresses)
    for record in records_of(msgspec.structs.replace(site, policy=wanted.dmarc)):
        yield written(record)


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise OperationError(f"{text!r} is no IP address; one looks like 192.0.2.1 or 2001:db8::1") from error


RECORDS = Operation("dns.records", WantedRecords, WrittenRecord, records, reads=True)
