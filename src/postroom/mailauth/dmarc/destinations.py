"""Where a domain's aggregate reports may go: to whom it names, if they are of its own organization or say that they want them.

RFC 9990 §4 (verifying external destinations), RFC 9989 §4.7 (rua=). Without this, whoever has a domain could have others flooded with reports. Not here:
reports.
"""

from __future__ import annotations

import msgspec

from postroom.mailauth.dkim.names import a_labels
from postroom.mailauth.dmarc.discovery import Discovery, Published, Undiscovered
from postroom.mailauth.dmarc.record import parse, select
from postroom.message.address import Address
from postroom.proto.dns.resolver import Resolver

MAX_DESTINATIONS = 5  # addresses that one report is sent to; the domain's further ones are left out


class Destination(msgspec.Struct, frozen=True):
    """An address of rua=. `agreed` says whether reports may go there, `external` whether that had to be asked; `asked` is the name of the question.

    `to` are the addresses that take its place (RFC 9990 §4, step 9), or itself. `problem`: the DNS does not say, and may do so later.
    """

    address: Address
    agreed: bool
    external: bool = False
    asked: str = ""
    to: tuple[Address, ...] = ()
    problem: str = ""


async def destinations(resolver: Resolver, discovery: Discovery, published: Published) -> list[Destination]:
    """What becomes of each address, in the order of the record."""
    named = published.record.reports[:MAX_DESTINATIONS]
    return [await _destination(resolver, discovery, published.domain, address) for address in named]


async def _destination(
    resolver: Resolver, discovery: Discovery, domain: str, address: Address
) -> Destination:
    try:
        return await _asked(resolver, discovery, domain, address)
    except Undiscovered as error:
        return Destination(address, agreed=False, external=True, problem=str(error))


async def _asked(resolver: Resolver, discovery: Discovery, domain: str, address: Address) -> Destination:
    host = a_labels(address.domain)
    if host is None:
        return Destination(address, agreed=False)
    if await discovery.organization_of(host) == await discovery.organization_of(domain):
        return Destination(address, agreed=True, to=(address,))
    name = f"{domain}._report._dmarc.{host}"
    answer = await resolver.txt(name)
    if answer.failed:
        raise Undiscovered(f"the DNS answers {answer.rcode} for {answer.kind} of {answer.name}")
    records = [parse(text) for text in select(answer.records)]
    others = tuple(other for record in records for other in record.reports)
    # step 9: at the same host alone; if another is named, nobody gets a report, not even who was asked for first
    agreed = bool(records) and all(a_labels(other.domain) == host for other in others)
    to = (others[:MAX_DESTINATIONS] or (address,)) if agreed else ()
    return Destination(address, agreed, external=True, asked=name, to=to)
