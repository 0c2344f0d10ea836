"""From a DNS message to an answer's records: aliases followed inside the message, TTLs, absence.

RFC 1034 §3.6.2 (aliases), RFC 2308 §2 and §5 (no such name, no data, how long that holds), RFC 2181 §8 (a TTL's range). A message without
answer that only names other servers is a lame referral, and no answer. Not here: asking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import msgspec

from postroom.proto.dns.answer import Caa, Kind, Mx, Rcode, Srv, Tlsa
from postroom.proto.dns.resolver import normal_name

MOST_ALIASES = 8  # in one chain
LONGEST = 86_400  # seconds that an answer is believed
LONGEST_ABSENCE = 10_800  # RFC 2308 §5: one to three hours
_RCODES = {code.value: code for code in Rcode}
_SIGN = 0x8000_0000


class Reading(msgspec.Struct, frozen=True):
    """What one message says of a name: `canonical` is the end of the chain of aliases in it (the name itself when there is none).

    `onward` means that the chain leads out of the message: ask for `canonical` next.
    """

    rcode: Rcode
    canonical: dns.name.Name
    records: tuple[Any, ...] = ()
    ttl: int = 0
    authenticated: bool = False
    onward: bool = False


def read(message: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Reading:
    """What a response says."""
    rcode = _RCODES.get(dns.rcode.to_text(message.rcode()), Rcode.SERVFAIL)
    if rcode not in {Rcode.NOERROR, Rcode.NXDOMAIN}:
        return Reading(rcode, name)
    authenticated = bool(message.flags & dns.flags.AD)
    chain = _follow(message, name, kind)
    if chain is None:
        return Reading(Rcode.SERVFAIL, name)
    end, ttl = chain
    found = _rrset(message, end, kind)
    if found is not None:
        records = tuple(record(rdata) for rdata in found)
        return Reading(Rcode.NOERROR, end, records, min(ttl, _seconds(found.ttl)), authenticated)
    absence = _absence(message)
    if absence is None:
        if end != name:
            return Reading(Rcode.NOERROR, end, ttl=ttl, authenticated=authenticated, onward=True)
        if any(rrset.rdtype == dns.rdatatype.NS for rrset in message.authority):
            return Reading(Rcode.SERVFAIL, name)  # lame: it only knows whom to ask
        absence = 0
    return Reading(rcode, end, ttl=min(ttl, absence), authenticated=authenticated)


def _follow(
    message: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> tuple[dns.name.Name, int] | None:
    """The end of the chain of aliases and the least TTL on the way; None for a loop or a chain that is too long."""
    ttl = LONGEST
    if kind == dns.rdatatype.CNAME:
        return name, ttl
    for _ in range(MOST_ALIASES + 1):
        alias = _rrset(message, name, dns.rdatatype.CNAME)
        if alias is None:
            return name, ttl
        name, ttl = alias[0].target, min(ttl, _seconds(alias.ttl))
    return None


def _rrset(
    message: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    return message.get_rrset(message.answer, name, dns.rdataclass.IN, kind)


def _absence(message: dns.message.Message) -> int | None:
    """How long it holds that there is nothing; None when no SOA says so (RFC 2308 §5)."""
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return min(_seconds(rrset.ttl), _seconds(rrset[0].minimum), LONGEST_ABSENCE)
    return None


def _seconds(ttl: int) -> int:
    return 0 if ttl & _SIGN else min(ttl, LONGEST)  # RFC 2181 §8: the first bit set means zero


def record(rdata: Any) -> Any:
    """A record as `proto.dns` has it."""
    return _RECORDS[rdata.rdtype](rdata)


def text(name: dns.name.Name) -> str:
    """A name in lower case without its final dot; the root is ""."""
    return normal_name(name.to_text())


_RECORDS: dict[dns.rdatatype.RdataType, Callable[[Any], Any]] = {
    dns.rdatatype.A: lambda rdata: rdata.address,
    dns.rdatatype.AAAA: lambda rdata: rdata.address,
    dns.rdatatype.CAA: lambda rdata: Caa(
        rdata.flags, rdata.tag.decode("ascii", "replace").lower(), rdata.value.decode("utf-8", "replace")
    ),
    dns.rdatatype.CNAME: lambda rdata: text(rdata.target),
    dns.rdatatype.MX: lambda rdata: Mx(rdata.preference, text(rdata.exchange)),
    dns.rdatatype.PTR: lambda rdata: text(rdata.target),
    dns.rdatatype.SRV: lambda rdata: Srv(rdata.priority, rdata.weight, rdata.port, text(rdata.target)),
    dns.rdatatype.TLSA: lambda rdata: Tlsa(rdata.usage, rdata.selector, rdata.mtype, rdata.cert),
    dns.rdatatype.TXT: lambda rdata: b"".join(rdata.strings),
}
KINDS = {
    Kind.A: dns.rdatatype.A,
    Kind.AAAA: dns.rdatatype.AAAA,
    Kind.CAA: dns.rdatatype.CAA,
    Kind.CNAME: dns.rdatatype.CNAME,
    Kind.MX: dns.rdatatype.MX,
    Kind.PTR: dns.rdatatype.PTR,
    Kind.SRV: dns.rdatatype.SRV,
    Kind.TLSA: dns.rdatatype.TLSA,
    Kind.TXT: dns.rdatatype.TXT,
}
