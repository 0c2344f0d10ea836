"""What mail asks of a resolver, and nothing more.

RFC 5321 §5.1 (MX, addresses), RFC 7208 §4.6.4 (what SPF asks), RFC 6376 §3.6.2.2 and RFC 7208 §3.3 (strings of a TXT record are joined),
RFC 1035 §3.5 and RFC 3596 §2.5 (names of addresses). Not here: any implementation; the one with sockets is `net.dns.resolver`.
"""

from __future__ import annotations

import ipaddress
from typing import Protocol

from postroom.message.address import fold
from postroom.proto.dns.answer import Answer, Caa, Family, Mx, Srv, Tlsa


class Resolver(Protocol):
    """Asks the DNS. No method raises for what a server says or fails to say: all of that is in `Answer.rcode`.

    A name may be given in any case and with a final dot; it must be in A-labels. A name that cannot stand in the DNS at all (a label
    over 63 octets, the whole over 255, RFC 1035 §2.3.4) is answered NXDOMAIN without asking.
    """

    async def mx(self, name: str) -> Answer[Mx]:
        """The exchangers of a domain; an alias is followed (`Answer.canonical`)."""

    async def addresses(self, name: str, family: Family = Family.BOTH) -> Answer[str]:
        """IPv4 and IPv6 addresses in their textual forms, in turns (RFC 8305 §4), IPv6 first.

        With BOTH, two questions make one answer: it fails only when no address was found and one of the two failed; `ttl` is the
        smaller one, and it is `authenticated` when both are.
        """

    async def txt(self, name: str) -> Answer[bytes]:
        """Texts, the character-strings of each record joined without anything between them."""

    async def ptr(self, ip: str) -> Answer[str]:
        """The names of an address; `Answer.name` is the name that was asked for, under in-addr.arpa or ip6.arpa."""

    async def cname(self, name: str) -> Answer[str]:
        """The target of the alias at exactly this name; no chain is followed."""

    async def tlsa(self, name: str) -> Answer[Tlsa]:
        """TLSA records of a name such as `_25._tcp.mail.example.com` (RFC 6698 §3)."""


class Surveyor(Resolver, Protocol):
    """A resolver that is also asked for what programs and authorities look for, to see whether it is there."""

    async def srv(self, name: str) -> Answer[Srv]:
        """Where a service is, such as `_imaps._tcp.example.com` (RFC 6186 §3.2)."""

    async def caa(self, name: str) -> Answer[Caa]:
        """Who may issue certificates for exactly this name; nothing above it is asked for."""


def reverse_name(ip: str) -> str:
    """`7.2.0.192.in-addr.arpa` for 192.0.2.7, the nibbles under ip6.arpa for IPv6; raises ValueError for anything else.

    An IPv4-mapped IPv6 address counts as the IPv4 address it is.
    """
    address = ipaddress.ip_address(ip)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).reverse_pointer


def normal_name(name: str) -> str:
    """How names are compared and kept: ASCII letters in lower case, no final dot (RFC 4343 §3)."""
    return fold(name.removesuffix("."))
