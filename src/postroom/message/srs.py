"""The sender rewriting scheme: an envelope sender of our own domain from which the original one can be had back.

A forwarder that keeps the sender fails SPF at the next hop; so it sends with `SRS0=hash=day=domain=local@forwarder`, and a report that comes
back to this address finds its way. A second forwarder writes `SRS1=hash=first==rest@second` instead of nesting. The envelope is that of
RFC 5321 §3.9. Keyed by HMAC-SHA256 (RFC 2104), so that nobody can use us to send to whom he likes. Not here: which mail is forwarded.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from postroom.message.address import MAX_LOCAL, Address, fold, parse_domain

DEFAULT_MAX_AGE = 21  # days in which a report may come back: longer than any queue keeps a message
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # no digit-letter pairs to mix up, and safe when somebody folds the case
_HASH_CHARS = 6  # 30 bits; guesses meet the limits of RCPT
_DAYS = 1024  # two characters of base32
_SEPARATORS = "=+-"


class SenderRewriting:
    """Rewrites and reverses senders for one domain. The first key signs; all of them verify, so that keys can be changed."""

    __slots__ = ("_domain", "_keys", "_max_age")

    def __init__(self, domain: str, keys: Sequence[bytes], max_age: int = DEFAULT_MAX_AGE) -> None:
        if not keys or min(map(len, keys)) < 16:
            raise ValueError("the sender rewriting scheme needs a key of at least 16 octets")
        self._domain = domain
        self._keys = tuple(keys)
        self._max_age = max_age

    def rewrite(self, sender: Address, day: int) -> Address | None:
        """The sender to forward with; `day` counts from any fixed date. None when its local part would pass 64 octets (RFC 5321 §4.5.3.1.1)."""
        if sender.domain == self._domain:
            return sender
        kind, rest = sender.local[:4].upper(), sender.local[4:]
        if kind == "SRS0" and rest[:1] in _SEPARATORS and rest:
            local = self._once_more(sender.domain, rest)
        elif kind == "SRS1" and (parts := _split_srs1(rest)):
            local = self._once_more(parts[1], parts[2])
        else:
            stamp = _base32(day % _DAYS, 2)
            signed = f"{stamp}={sender.domain}={sender.local}"
            local = f"SRS0={_hash(self._keys[0], signed)}={signed}"
        return Address(local, self._domain) if len(local.encode()) <= MAX_LOCAL else None

    def reverse(self, recipient: Address, day: int) -> Address | None:
        """Where a report to such an address goes; None when it is forged, too old, or no rewritten address of ours."""
        kind, rest = recipient.local[:4].upper(), recipient.local[4:]
        if recipient.domain != self._domain:
            return None
        if kind == "SRS0" and rest[:1] in _SEPARATORS:
            return self._original(rest[1:], day)
        if kind == "SRS1" and (parts := _split_srs1(rest)):
            given, host, inner = parts
            return Address("SRS0" + inner, host) if self._genuine(given, f"{host}={inner}") else None
        return None

    def _once_more(self, host: str, inner: str) -> str:
        return f"SRS1={_hash(self._keys[0], f'{host}={inner}')}={host}={inner}"

    def _original(self, rest: str, day: int) -> Address | None:
        parts = rest.split("=", 3)
        if len(parts) != 4 or not self._genuine(parts[0], "=".join(parts[1:])):
            return None
        stamp = _number(parts[1])
        domain = parse_domain(parts[2])
        if stamp is None or domain is None or (day - stamp) % _DAYS > self._max_age:
            return None
        return Address(parts[3], domain)

    def _genuine(self, given: str, signed: str) -> bool:
        right = [
            hmac.compare_digest(given.upper().encode("utf-8", "surrogatepass"), _hash(key, signed).encode())
            for key in self._keys
        ]
        return any(right)


def is_rewritten(address: Address) -> bool:
    """Whether the address has the form of a rewritten one; only `reverse` knows whether it is genuine."""
    return address.local[:4].upper() in ("SRS0", "SRS1") and address.local[4:5] in tuple(_SEPARATORS)


def _split_srs1(rest: str) -> tuple[str, str, str] | None:
    """Hash, first forwarder and what followed `SRS0` there, its separator first."""
    parts = rest[1:].split("=", 2)
    if rest[:1] not in tuple(_SEPARATORS) or len(parts) != 3 or parts[2][:1] not in tuple(_SEPARATORS):
        return None
    domain = parse_domain(parts[1])
    return (parts[0], domain, parts[2]) if domain else None


def _hash(key: bytes, signed: str) -> str:
    digest = hmac.digest(key, fold(signed).encode("utf-8", "surrogatepass"), "sha256")
    return _base32(int.from_bytes(digest[:4], "big") >> 2, _HASH_CHARS)


def _base32(number: int, digits: int) -> str:
    return "".join(_BASE32[number >> 5 * place & 31] for place in reversed(range(digits)))


def _number(text: str) -> int | None:
    if len(text) != 2 or any(char not in _BASE32 for char in text.upper()):
        return None
    return _BASE32.index(text[0].upper()) << 5 | _BASE32.index(text[1].upper())
