"""The attributes of XCLIENT: what a proxy of ours says of the client that it speaks for.

Postfix's documentation of XCLIENT ("XCLIENT Command syntax"). Values are xtext (RFC 3461 §4). NAME ADDR PORT PROTO HELO DESTADDR DESTPORT are
understood; LOGIN is not: who has logged in is decided here alone. Not here: whom one believes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from postroom.message.address import parse_domain
from postroom.message.encodings.xtext import decode_xtext
from postroom.proto.smtp.syntax import bad
from postroom.wire.numbers import decimal

_HELO = re.compile(r"[!-~]{1,255}")
_UNKNOWN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})


class ClientFacts(msgspec.Struct):
    """None: not said, so it stays as it was; "" and -1: the proxy does not know. Addresses are normal, the name is in lower case."""

    name: str | None = None
    addr: str | None = None
    port: int | None = None
    esmtp: bool | None = None
    helo: str | None = None
    destaddr: str | None = None
    destport: int | None = None


def read_facts(argument: str) -> ClientFacts:
    """The attributes behind the verb; raises `BadCommand`."""
    facts = ClientFacts()
    words = argument.split()
    if not words:
        raise bad(501, "5.5.4", "Syntax: XCLIENT attribute=value ...")
    for word in words:
        name, _, value = word.partition("=")
        read = _ATTRIBUTES.get(name.upper())
        if read is None:
            raise bad(501, "5.5.4", f"XCLIENT has no attribute {name} here")
        text = value if value.upper() in _UNKNOWN else decode_xtext(value)
        if not text or not read(facts, "" if text.upper() in _UNKNOWN else text):
            raise bad(501, "5.5.4", f"Bad value of the XCLIENT attribute {name.upper()}")
    return facts


def _name(facts: ClientFacts, text: str) -> bool:
    domain = parse_domain(text) if text else ""
    facts.name = domain.lower() if domain is not None else None
    return facts.name is not None


def _address(text: str) -> str | None:
    """Postfix marks IPv6 by a prefix."""
    if not text or "%" in text:
        return None if text else ""
    try:
        address = ipaddress.ip_address(text[5:] if text[:5].upper() == "IPV6:" else text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _addr(facts: ClientFacts, text: str) -> bool:
    facts.addr = _address(text)
    return facts.addr is not None


def _destaddr(facts: ClientFacts, text: str) -> bool:
    facts.destaddr = _address(text)
    return facts.destaddr is not None


def _number(text: str) -> int | None:
    number = decimal(text.encode(), 5) if text else -1
    return number if number is not None and number <= 65535 else None


def _port(facts: ClientFacts, text: str) -> bool:
    facts.port = _number(text)
    return facts.port is not None


def _destport(facts: ClientFacts, text: str) -> bool:
    facts.destport = _number(text)
    return facts.destport is not None


def _proto(facts: ClientFacts, text: str) -> bool:
    facts.esmtp = {"SMTP": False, "ESMTP": True}.get(text.upper())
    return facts.esmtp is not None


def _helo(facts: ClientFacts, text: str) -> bool:
    facts.helo = text
    return not text or _HELO.fullmatch(text) is not None


_ATTRIBUTES: Mapping[str, Callable[[ClientFacts, str], bool]] = MappingProxyType(
    {
        "NAME": _name,
        "ADDR": _addr,
        "PORT": _port,
        "PROTO": _proto,
        "HELO": _helo,
        "DESTADDR": _destaddr,
        "DESTPORT": _destport,
    }
)
NAMES = " ".join(_ATTRIBUTES)
