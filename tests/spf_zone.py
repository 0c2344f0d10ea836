"""A resolver over lines of text, and a check of SPF on it in one call.

    e.test TXT v=spf1 mx -all
    e.test MX 10 mail.e.test
    slow.test TXT !TIMEOUT

A name without any line does not exist; one with lines of other kinds has no data. What was asked is kept in `asked`.
"""

from __future__ import annotations

from typing import Any

from postroom.mailauth.spf.check import Terms, check_helo, check_mail_from
from postroom.mailauth.spf.verdict import Client, Verdict
from postroom.message.address import Address
from postroom.proto.dns.answer import Answer, Family, Kind, Mx, Rcode, Tlsa
from postroom.proto.dns.resolver import normal_name, reverse_name


class Zone:
    """`proto.dns.Resolver`."""

    def __init__(self, lines: str) -> None:
        self.asked: list[str] = []
        self._records: dict[tuple[str, str], list[str]] = {}
        for line in lines.splitlines():
            name, kind, value = ([*line.strip().split(" ", 2), "", ""])[:3]
            if name:
                self._records.setdefault((normal_name(name), kind), []).append(value)
        self._names = {name for name, _ in self._records}

    def _look(self, name: str, kind: Kind) -> Answer[Any]:
        name = normal_name(name)
        self.asked.append(f"{name} {kind}")
        found = self._records.get((name, kind.value), [])
        if found and found[0].startswith("!"):
            return Answer(name, kind, Rcode(found[0][1:]))
        rcode = Rcode.NOERROR if name in self._names else Rcode.NXDOMAIN
        return Answer(name, kind, rcode, tuple(map(_READ.get(kind, str), found)))

    async def mx(self, name: str) -> Answer[Mx]:
        return self._look(name, Kind.MX)

    async def addresses(self, name: str, family: Family = Family.BOTH) -> Answer[str]:
        assert family is not Family.BOTH
        return self._look(name, Kind(family.value))

    async def txt(self, name: str) -> Answer[bytes]:
        return self._look(name, Kind.TXT)

    async def ptr(self, ip: str) -> Answer[str]:
        return self._look(reverse_name(ip), Kind.PTR)

    async def cname(self, name: str) -> Answer[str]:
        raise NotImplementedError

    async def tlsa(self, name: str) -> Answer[Tlsa]:
        raise NotImplementedError


def _mx(text: str) -> Mx:
    preference, exchange = text.split(" ")
    return Mx(int(preference), exchange.removesuffix("."))


_READ = {Kind.MX: _mx, Kind.TXT: lambda text: text.encode()}


def address(text: str) -> Address | None:
    """`local@domain` without any check; "" is the null sender."""
    local, _, domain = text.rpartition("@")
    return Address(local, domain) if text else None


async def check(
    zone: Zone | str,
    ip: str = "192.0.2.9",
    sender: str | None = "alice@e.test",
    helo: str = "mail.e.test",
    terms: Terms | None = None,
) -> Verdict:
    """The verdict on a sender, or on the HELO name when `sender` is None."""
    zone = Zone(zone) if isinstance(zone, str) else zone
    client = Client(ip, helo, "mx.l.test", 1_700_000_000)
    if sender is None:
        return await check_helo(zone, client, terms)
    return await check_mail_from(zone, client, address(sender), terms)
