"""What each mechanism matches, but for include, which is a check of its own.

RFC 7208 §5.1 to §5.7. A name that the DNS cannot be asked for matches nothing. Not here: the order of terms, and what a match leads to.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from postroom.mailauth.spf.inquiry import Inquiry
from postroom.mailauth.spf.questions import Undecided
from postroom.mailauth.spf.record import Mechanism, Network
from postroom.mailauth.spf.verdict import Result
from postroom.proto.dns.answer import Family

Matching: TypeAlias = Callable[[Inquiry, Mechanism, str], Awaitable[bool]]


async def _all(_: Inquiry, __: Mechanism, ___: str) -> bool:
    """RFC 7208 §5.1."""
    return True


async def _network(inquiry: Inquiry, mechanism: Mechanism, _: str) -> bool:
    """ip4 and ip6, RFC 7208 §5.6: an address of the other family is in no network."""
    return mechanism.network is not None and inquiry.ip in mechanism.network


async def _a(inquiry: Inquiry, mechanism: Mechanism, target: str) -> bool:
    """RFC 7208 §5.3."""
    return await _is_host(inquiry, mechanism, target)


async def _mx(inquiry: Inquiry, mechanism: Mechanism, target: str) -> bool:
    """RFC 7208 §5.4: without MX records the address of the name is no substitute; §4.6.4: too many are an error, whichever match."""
    exchangers = (await inquiry.questions.mx(target)).records
    most = inquiry.questions.limits.exchangers
    if len(exchangers) > most:
        problem = f"{mechanism.text}: {target} has {len(exchangers)} mail exchangers, {most} are allowed"
        raise Undecided(Result.PERMERROR, problem)
    for mx in sorted(exchangers):
        if mx.exchange and await _is_host(inquiry, mechanism, mx.exchange):
            return True
    return False


async def _is_host(inquiry: Inquiry, mechanism: Mechanism, name: str) -> bool:
    """Whether the client is in the network of one of a host's addresses."""
    answer = await inquiry.questions.addresses(name, inquiry.family)
    ip = inquiry.ip
    if str(ip) in answer.records:  # the usual case, and cheaper
        return True
    shift = ip.max_prefixlen - (mechanism.four if ip.version == 4 else mechanism.six)
    around = Network(ip.version, int(ip) >> shift, shift)
    return any(ipaddress.ip_address(found) in around for found in answer.records)


async def _ptr(inquiry: Inquiry, _: Mechanism, target: str) -> bool:
    """RFC 7208 §5.5: a failure of the DNS is no match. Of the client's names only those are validated that would match."""
    wanted = target.lower()
    for name in await inquiry.names(counted=True):
        if (name == wanted or name.endswith(f".{wanted}")) and await inquiry.is_validated(name):
            return True
    return False


async def _exists(inquiry: Inquiry, _: Mechanism, target: str) -> bool:
    """RFC 7208 §5.7: an A record, for IPv6 clients too."""
    return bool((await inquiry.questions.addresses(target, Family.IPV4)).records)


OFFLINE: Mapping[str, Matching] = MappingProxyType({"all": _all, "ip4": _network, "ip6": _network})
ASKING: Mapping[str, Matching] = MappingProxyType({"a": _a, "mx": _mx, "ptr": _ptr, "exists": _exists})
