"""Addresses as SMTP carries them.

RFC 5321 §4.1.2 (Mailbox, Path), §4.1.3 (address literals), RFC 6531 §3.3 (UTF-8 in both halves). Not here: the address lists of header
fields (`message.headers.address_list`), and whether an address exists.
"""

from __future__ import annotations

import ipaddress
import re

import msgspec

from postroom.wire.once import Once

# Together they are a little more than a path of §4.5.3.1.3 has (256 octets), which §4.5.3.1 asks to be taken where it can be.
MAX_LOCAL = 64  # octets, RFC 5321 §4.5.3.1.1
MAX_DOMAIN = 255  # octets, RFC 5321 §4.5.3.1.2

# Classes say what they are without: one that reaches to the end of Unicode takes milliseconds to compile, at each start.
_ATEXT = r"[^\x00-\x20\"(),.:;<>@\[\\\]\x7f]"  # RFC 5321 §4.1.2 with RFC 6531 §3.3
_DOT_STRING = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_QUOTED_STRING = re.compile(r'"((?:[^\x00-\x1f"\\\x7f]|\\[ -~])*)"')
_LETTER = r"[^\x00-/:-@\[-^`{-\x7f]"  # letter, digit, "_", or beyond ASCII
_LABEL = rf"{_LETTER}(?:[^\x00-,./:-@\[-^`{{-\x7f]{{0,61}}{_LETTER})?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_QUOTED_PAIR = re.compile(r"\\(.)")
_C1 = re.compile("[\u0080-\u009f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")  # what UTF-8 cannot carry, RFC 3629 §3


class Address(msgspec.Struct, frozen=True, order=True, dict=True):
    """`local@domain`: local as its owner writes it, without quotes; domain in lower case, a literal with its brackets.

    An empty domain is an unqualified local name, as a local user types it; it never leaves the machine that completes it.
    """

    local: str
    domain: str

    def __str__(self) -> str:
        return self.text

    @Once
    def text(self) -> str:
        """The form of RFC 5321 §4.1.2, with the local part quoted where it has to be; a message's journey needs it many times."""
        return mailbox_text(self.local, self.domain)

    @property
    def is_ascii(self) -> bool:
        """Whether the address can travel without SMTPUTF8 (RFC 6531 §3.5)."""
        return self.local.isascii() and self.domain.isascii()

    @property
    def key(self) -> str:
        """What the directory compares: ASCII letters folded, everything else as it is (so that K and the Kelvin sign differ)."""
        return f"{fold(self.local)}@{self.domain}"


_FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def fold(text: str) -> str:
    """ASCII-only case folding."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def mailbox_text(local: str, domain: str) -> str:
    """Both halves as one text, the local part quoted where it has to be (RFC 5321 §4.1.2); the domain may be empty."""
    if not (local.isalnum() or _DOT_STRING.fullmatch(local)):  # the first is the usual case, and cheaper
        local = _quote(local)
    return f"{local}@{domain}" if domain else local


def parse_mailbox(text: str, *, unqualified: bool = False) -> Address | None:
    """`Local-part "@" ( Domain / address-literal )` (RFC 5321 §4.1.2), whole; None when it is not one.

    With `unqualified` a local part alone is taken too, with an empty domain.
    """
    matched = _DOT_STRING.match(text)
    if matched:
        local = matched.group()
    else:
        matched = _QUOTED_STRING.match(text)
        if not matched:
            return None
        local = _QUOTED_PAIR.sub(r"\1", matched.group(1))
    rest = text[matched.end() :]
    if _octets(local) > MAX_LOCAL or (not text.isascii() and (_C1.search(text) or _SURROGATE.search(text))):
        return None
    if not rest:
        return Address(local, "") if unqualified and local else None
    domain = parse_domain(rest[1:]) if rest[0] == "@" else None
    return Address(local, domain) if domain is not None else None


def parse_domain(text: str) -> str | None:
    """`Domain / address-literal` in lower case (RFC 5321 §4.1.2, §4.1.3); None when it is neither."""
    if text[:1] == "[":
        return _address_literal(text)
    if (
        not _DOMAIN.fullmatch(text)
        or _octets(text) > MAX_DOMAIN
        or (not text.isascii() and _SURROGATE.search(text))
    ):
        return None
    return fold(text)


def _address_literal(text: str) -> str | None:
    if text[-1:] != "]" or len(text) > 60:
        return None
    inner = text[1:-1]
    try:
        if inner[:5].lower() == "ipv6:":
            return f"[IPv6:{ipaddress.IPv6Address(inner[5:])}]"
        return f"[{ipaddress.IPv4Address(inner)}]"
    except ValueError:
        return None


def _quote(local: str) -> str:
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
