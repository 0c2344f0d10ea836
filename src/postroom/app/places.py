"""At which ports and addresses a server's services stand, as the settings have it.

RFC 5321 (25), RFC 6409 (587), RFC 8314 §3.3 (465), RFC 2033 (LMTP, on loopback alone), RFC 1939 (110), RFC 9051 (143), RFC 8314 §3.1 (993,
995), RFC 9110 §4.2 (80, 443). Not here: sockets.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from itertools import combinations

import msgspec

from postroom.app.settings.file import ListenSettings, Settings, SettingsError

LOOPBACK = ("127.0.0.1",)


class Place(msgspec.Struct, frozen=True):
    """Where a service stands; a port of -1 is nowhere."""

    service: str
    port: int
    addresses: Sequence[str]


def places_to_listen(listen: ListenSettings) -> Sequence[Place]:
    """All services, in the order in which their ports are opened."""
    return (
        Place("smtp", listen.smtp, listen.addresses),
        Place("submission", listen.submission, listen.addresses),
        Place("submissions", listen.submissions, listen.addresses),
        Place("lmtp", listen.lmtp, LOOPBACK),
        Place("pop3", listen.pop3, listen.addresses),
        Place("pop3s", listen.pop3s, listen.addresses),
        Place("imap", listen.imap, listen.addresses),
        Place("imaps", listen.imaps, listen.addresses),
        Place("http", listen.http, listen.addresses),
        Place("https", listen.https, listen.addresses),
    )


def check(settings: Settings) -> None:
    """Raises `SettingsError` for an address that cannot be listened on, and where the system would give one place only once."""
    for text in settings.listen.addresses:
        _check_address(text)
    for one, other in combinations(settings.listen.addresses, 2):
        if _meet(one, other):
            raise SettingsError(f"[listen] addresses: {_clash(one, other)}: leave one of them")
    for first, second in combinations(places_to_listen(settings.listen), 2):
        if 0 < first.port == second.port and _share_an_address(first, second):
            raise SettingsError(
                f"[listen] {first.service} and {second.service} have one port, {first.port}:"
                " give each its own, or -1 to the one that is not to be served"
            )


def _check_address(text: str) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        address = None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise SettingsError(f'[listen] addresses: "{text}": write it as {address.ipv4_mapped}')
    if address is None or "%" in text:  # a scope is of a link, not of an address
        raise SettingsError(
            f'[listen] addresses: "{text}" is no address; write e.g. 192.0.2.1, or 0.0.0.0 and :: for all'
        )


def _share_an_address(first: Place, second: Place) -> bool:
    return any(_meet(one, other) for one in first.addresses for other in second.addresses)


def _meet(one: str, other: str) -> bool:
    """Whether both cannot be listened on at one port. `::` is all of IPv6 alone."""
    first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    if first.version != second.version:
        return False
    return first == second or first.is_unspecified or second.is_unspecified


def _clash(one: str, other: str) -> str:
    if one == other:
        return f'"{one}" is there twice'
    first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    if first == second:
        return f'"{other}" is the same as "{one}"'
    return f'"{one}" is in "{other}"' if second.is_unspecified else f'"{other}" is in "{one}"'
