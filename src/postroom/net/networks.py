"""Networks: which addresses belong together, and sets of them that a setting names.

RFC 4632 §3.1 and RFC 4291 §2.3 (prefixes), RFC 6177 §2 (a site has at least a /64, so an IPv6 client is a /64), RFC 4291 §2.5.5.2 (an
IPv4-mapped address is the IPv4 address). Not here: what is done with who belongs to one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLIENT: Final = (32, 64)  # prefix lengths of IPv4 and IPv6: one client
NEIGHBOURHOOD: Final = (24, 48)  # what one owner usually has
MOST_REMEMBERED: Final = 10_000  # addresses whose answer a set keeps


def network_of(ip: str, lengths: tuple[int, int] = CLIENT) -> str:
    """The network that an address counts for, as text: `192.0.2.0/24`, `2001:db8::/64`, a whole IPv4 address without a length.

    What is no address is given back as it is.
    """
    if "." in ip and ":" not in ip:  # most addresses, and most networks, need no arithmetic
        if lengths[0] == 32:
            return ip
        if lengths[0] == 24:
            return f"{ip.rpartition('.')[0]}.0/24"
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            spare = 128 - lengths[1]
            return f"{ipaddress.IPv6Address(int(address) >> spare << spare)}/{lengths[1]}"
        address = address.ipv4_mapped
    if lengths[0] == 32:
        return str(address)
    spare = 32 - lengths[0]
    return f"{ipaddress.IPv4Address(int(address) >> spare << spare)}/{lengths[0]}"


def is_local(ip: str) -> bool:
    """Whether it is this machine: a loopback address, or "" of a Unix socket."""
    return ip in {"", "::1"} or ip.startswith("127.")


class Networks:
    """A set of networks, each written `192.0.2.0/24`, `2001:db8::/32` or as one address. Raises ValueError, naming the one that is none."""

    __slots__ = ("_known", "_networks")

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._networks: list[Network] = []
        for name in names:
            try:
                self._networks.append(ipaddress.ip_network(name))
            except ValueError as error:
                raise ValueError(f"{name!r} is no network: {error}") from error
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, ip: str) -> bool:
        if not self._networks:
            return False
        known = self._known.get(ip)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = self._known[ip] = self._look(ip)
        return known

    def _look(self, ip: str) -> bool:
        try:
            address = ipaddress.ip_address(ip.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
