"""From a DNS message to an answer's records: aliases followed inside the message, TTLs, absence.

RFC 1034 §3.6.2 (aliases), RFC 2308 §2 and §5 (no such name, no data, how long that holds), RFC 2181 §8 (a TTL's range). A message without
answer that only names other servers is a lame referral, and no answer. Not here: asking.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any

import msgspec

from postroom.net.dns.message import AD, IN, Malformed, Message, Record
from postroom.proto.dns.answer import Caa, Kind, Mx, Rcode, Srv, Tlsa

MOST_ALIASES = 8  # in one chain
LONGEST = 86_400  # seconds that an answer is believed
LONGEST_ABSENCE = 10_800  # RFC 2308 §5: one to three hours
KINDS = {
    Kind.A: 1,
    Kind.AAAA: 28,
    Kind.CAA: 257,
    Kind.CNAME: 5,
    Kind.MX: 15,
    Kind.PTR: 12,
    Kind.SRV: 33,
    Kind.TLSA: 52,
    Kind.TXT: 16,
}
_NS, _SOA = 2, 6
_SMALLEST_SOA = 22  # octets: two names that are the root, five numbers
_SIGN = 0x8000_0000
_RCODES = dict(
    enumerate((Rcode.NOERROR, Rcode.FORMERR, Rcode.SERVFAIL, Rcode.NXDOMAIN, Rcode.NOTIMP, Rcode.REFUSED))
)


class Reading(msgspec.Struct, frozen=True):
    """What one message says of a name: `canonical` is the end of the chain of aliases in it (the name itself when there is none).

    `onward` means that the chain leads out of the message: ask for `canonical` next.
    """

    rcode: Rcode
    canonical: str
    records: tuple[Any, ...] = ()
    ttl: int = 0
    authenticated: bool = False
    onward: bool = False


def read(message: Message, name: str, kind: Kind) -> Reading:
    """What a response says; one whose data is malformed is a failure."""
    rcode = _RCODES.get(message.rcode, Rcode.SERVFAIL)
    if rcode not in {Rcode.NOERROR, Rcode.NXDOMAIN}:
        return Reading(rcode, name)
    try:
        return _read(message, name, kind, rcode)
    except (Malformed, IndexError, struct.error, ValueError):
        return Reading(Rcode.SERVFAIL, name)


def _read(message: Message, name: str, kind: Kind, rcode: Rcode) -> Reading:
    authenticated = bool(message.flags & AD)
    chain = _follow(message, name, kind)
    if chain is None:
        return Reading(Rcode.SERVFAIL, name)
    end, ttl = chain
    found = _rrset(message, end, kind)
    if found:
        records = tuple(dict.fromkeys(_READERS[kind](message, one) for one in found))
        return Reading(Rcode.NOERROR, end, records, min(ttl, _seconds(found)), authenticated)
    absence = _absence(message)
    if absence is None:
        if end != name:
            return Reading(Rcode.NOERROR, end, ttl=ttl, authenticated=authenticated, onward=True)
        # lame: it only knows whom to ask; unless it says that there is no such name (RFC 2308 §2.1, type 4)
        if rcode is Rcode.NOERROR and any(one.kind == _NS for one in message.authority):
            return Reading(Rcode.SERVFAIL, name)
        absence = 0
    return Reading(rcode, end, ttl=min(ttl, absence), authenticated=authenticated)


def _follow(message: Message, name: str, kind: Kind) -> tuple[str, int] | None:
    """The end of the chain of aliases and the least TTL on the way; None for a loop or a chain that is too long."""
    ttl = LONGEST
    if kind is Kind.CNAME:
        return name, ttl
    for _ in range(MOST_ALIASES + 1):
        aliases = _rrset(message, name, Kind.CNAME)
        if not aliases:
            return name, ttl
        name, ttl = _host(message, aliases[0]), min(ttl, _seconds(aliases))
    return None


def _rrset(message: Message, name: str, kind: Kind) -> list[Record]:
    wanted = (name, KINDS[kind], IN)
    return [one for one in message.answer if one[:3] == wanted]


def _absence(message: Message) -> int | None:
    """How long it holds that there is nothing; None when no SOA says so (RFC 2308 §5)."""
    for one in message.authority:
        if one.kind == _SOA and one.end - one.start >= _SMALLEST_SOA:
            minimum = int.from_bytes(message.data(one)[-4:], "big")
            return min(_seconds([one]), _seconds([one._replace(ttl=minimum)]), LONGEST_ABSENCE)
    return None


def _seconds(rrset: list[Record]) -> int:
    """How long they hold: as long as the first of them that ends (RFC 2181 §5.2); §8: the first bit set means zero."""
    return min(0 if one.ttl & _SIGN else min(one.ttl, LONGEST) for one in rrset)


# ------------------------------------------------------------------------- the data of records, as `proto.dns` has them


def _host(message: Message, one: Record, skipped: int = 0) -> str:
    name, after = message.name(one.start + skipped)
    if after != one.end:
        raise Malformed("a name does not end where its record does")
    return name


def _address(message: Message, one: Record) -> str:
    family = socket.AF_INET6 if one.kind == KINDS[Kind.AAAA] else socket.AF_INET
    return socket.inet_ntop(
        family, message.data(one)
    )  # ValueError for another length than that of an address


def _caa(message: Message, one: Record) -> Caa:
    data = message.data(one)
    at = 2 + data[1]
    if at > len(data):
        raise Malformed("a tag does not end in its record")
    return Caa(data[0], data[2:at].decode("ascii", "replace").lower(), data[at:].decode("utf-8", "replace"))


def _mx(message: Message, one: Record) -> Mx:
    (preference,) = struct.unpack_from("!H", message.data(one))
    return Mx(preference, _host(message, one, 2))


def _srv(message: Message, one: Record) -> Srv:
    priority, weight, port = struct.unpack_from("!3H", message.data(one))
    return Srv(priority, weight, port, _host(message, one, 6))


def _tlsa(message: Message, one: Record) -> Tlsa:
    data = message.data(one)
    usage, selector, matching = struct.unpack_from("!3B", data)
    return Tlsa(usage, selector, matching, data[3:])


def _text(message: Message, one: Record) -> bytes:
    data, at, pieces = message.data(one), 0, []
    while at < len(data):
        end = at + 1 + data[at]
        pieces.append(data[at + 1 : end])
        at = end
    if at != len(data):
        raise Malformed("a text does not end where its record does")
    return b"".join(pieces)


_READERS: dict[Kind, Callable[[Message, Record], Any]] = {
    Kind.A: _address,
    Kind.AAAA: _address,
    Kind.CAA: _caa,
    Kind.CNAME: _host,
    Kind.MX: _mx,
    Kind.PTR: _host,
    Kind.SRV: _srv,
    Kind.TLSA: _tlsa,
    Kind.TXT: _text,
}
