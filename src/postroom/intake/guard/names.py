"""The client's names: what the DNS calls its address, and what it calls itself.

RFC 8601 §3 (iprev: the name of an address must lead back to it), RFC 1912 §2.1 (every host has such a name). RFC 5321 §4.1.4 does not let a
message be refused for a HELO name that cannot be verified, so what is found here only weighs, and by default nothing. Not here: SPF, and how
iprev is found out (`mailauth.iprev`).
"""

from __future__ import annotations

import ipaddress

import msgspec

from postroom.intake.guard.findings import Finding
from postroom.mailauth import iprev
from postroom.message.address import fold, parse_domain
from postroom.proto.dns.resolver import Resolver
from postroom.wire.ip import is_address


class NameWeights(msgspec.Struct, frozen=True):
    """Points against a client: 0 does not look."""

    no_reverse: int = 0
    unconfirmed_reverse: int = 0
    helo_ours: int = 0
    helo_bare: int = 0
    helo_unknown: int = 0


class Greeting(msgspec.Struct, frozen=True):
    """What a client called itself, from where, and where it reached us."""

    name: str
    ip: str
    ours: str


async def reverse_findings(resolver: Resolver, ip: str, weights: NameWeights) -> tuple[list[Finding], str]:
    """What is wrong with the name of an address, and the name when it leads back to it; a DNS that fails proves nothing."""
    try:
        verdict = await iprev.check(resolver, ip)
    except ValueError:
        return [], ""
    points = {
        iprev.Result.PERMERROR: weights.no_reverse,
        iprev.Result.FAIL: weights.unconfirmed_reverse,
    }.get(verdict.result, 0)
    because = f"the client's address has no good name: {verdict.words}"
    return _weighed("reverse name", verdict.result.value, because, points), verdict.name


async def greeting_findings(
    resolver: Resolver, greeting: Greeting, own_names: frozenset[str], weights: NameWeights
) -> list[Finding]:
    """What is wrong with what a client calls itself: one thing at most, the gravest."""
    name, literal = fold(greeting.name), greeting.name.startswith("[")
    if weights.helo_ours and (name in own_names or (literal and _same(_inner(name), greeting.ours))):
        return _weighed(
            "HELO", "ours", f"the client greets as {greeting.name}, which is our name", weights.helo_ours
        )
    if weights.helo_bare and not literal and ("." not in name or is_address(name)):
        return _weighed(
            "HELO", "bare", f"the client greets as {greeting.name}, which is no full name", weights.helo_bare
        )
    if weights.helo_unknown and not literal and "." in name and not await _exists(resolver, name):
        because = f"the client greets as {greeting.name}, which the DNS does not know"
        return _weighed("HELO", "unknown", because, weights.helo_unknown)
    return []


async def _exists(resolver: Resolver, name: str) -> bool:
    if not name.isascii() or parse_domain(name) is None:
        return False
    addresses = await resolver.addresses(name)
    if addresses.records or addresses.failed:
        return True
    return not (await resolver.mx(name)).absent


def _weighed(check: str, result: str, because: str, points: int) -> list[Finding]:
    return [Finding(check, result, because, points)] if points else []


def _inner(literal: str) -> str:
    return literal.strip("[]").removeprefix("ipv6:")


def _same(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False
