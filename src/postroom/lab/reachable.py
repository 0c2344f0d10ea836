"""The address at which others may reach a lab: one of this machine's, named by whoever starts it.

RFC 1122 §3.2.1.3 (addresses that are no host's). "All addresses" is not taken: what is opened is named, and loopback, where passwords may go in the clear,
stays apart from it. Not here: what holds there (`app.surroundings`).
"""

from __future__ import annotations

import ipaddress
import socket


class BadBind(Exception):
    """A --bind that cannot be; the text names it and the remedy."""


def parse_bind(text: str, *, page_too: bool = False) -> str:
    """An address of this machine, "" for none; raises `BadBind`, also when the page is to be at an address that is not named."""
    if not text:
        if page_too:
            raise BadBind("--bind-page goes with --bind ADDR, the address at which it is to be reached")
        return ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise BadBind(f"--bind {text}: that is no address; write it as 192.168.1.10") from error
    if address.is_unspecified or address.is_multicast:
        raise BadBind(f"--bind {text}: name one address of this machine, not all (`ip address` lists them)")
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError as error:
            raise BadBind(
                f"--bind {text}: {error.strerror}; it must be an address of this machine (`ip address` lists them)"
            ) from error
    return str(address)
