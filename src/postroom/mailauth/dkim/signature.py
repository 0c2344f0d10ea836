"""A signature as its field says it, each value checked.

RFC 6376 §3.5 (the tags), §6.1.1 (what is refused before a key is asked for), RFC 8301 §3.1 (no SHA-1), RFC 8463 §4.1 (Ed25519), RFC 8617
§4.1.2 (ARC-Message-Signature: the same without a version, i= is its instance). Not here: keys and hashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from postroom.mailauth.dkim.canonical import Canon
from postroom.mailauth.dkim.names import a_labels, is_within, key_name, signing_domain
from postroom.mailauth.dkim.results import Defect, Verdict
from postroom.mailauth.dkim.tags import BadTags, base64_value, colon_list, number, quoted_printable

SKEW_SECONDS = 300  # that clocks may differ when a signature expires
FUTURE_SECONDS = 86_400  # that a signature may seem to be made ahead of time; one further off is not believed
MAX_INSTANCE = 50  # of an ARC set, RFC 8617 §4.2.1
_LENGTH_DIGITS, _TIME_DIGITS = 76, 12  # RFC 6376 §3.5, l= and t=
_ALGORITHMS: Mapping[str, str] = MappingProxyType({"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"})
_HISTORIC = frozenset({"rsa-sha1"})
_FIELD_NAME = r"[ \t]*+[!-9<-~]++[ \t]*+"  # RFC 5322 §3.6.8; a semicolon ends the tag
_FIELD_NAMES = re.compile(rf"{_FIELD_NAME}(?>(?::{_FIELD_NAME})*)")
_SPACE = str.maketrans("", "", " \t")
_DKIM = ("v", "a", "b", "bh", "d", "h", "s")  # RFC 6376 §6.1.1
_ARC = ("i", "a", "b", "bh", "d", "h", "s")
_SEAL = ("i", "a", "b", "d", "s", "cv")


class Signer(msgspec.Struct, frozen=True):
    """Who signed how: all that a key is asked for. `domain` and `selector` in A-labels; `kind` is the key's, rsa or ed25519."""

    domain: str
    selector: str
    algorithm: str
    kind: str
    value: bytes

    @property
    def query(self) -> str:
        """The DNS name of the key."""
        return key_name(self.selector, self.domain)


class Signature(msgspec.Struct, frozen=True):
    """A signature over fields and a body. `signed` are names in lower case, in the order of h=; `identity` is i=, or its default."""

    signer: Signer
    identity: str
    header_canon: Canon
    body_canon: Canon
    signed: tuple[bytes, ...]
    body_hash: bytes
    length: int | None
    signed_at: int | None
    expires: int | None


class Seal(msgspec.Struct, frozen=True):
    """An ARC-Seal, RFC 8617 §4.1.3: no fields are named and no body is hashed. `status` is cv=."""

    signer: Signer
    status: str


def read_signature(tags: dict[str, str], now: int) -> Signature:
    """A DKIM-Signature out of its tags; raises Defect."""
    try:
        _need(tags, _DKIM)
        if tags["v"] != "1":
            raise Defect(f"the version is {tags['v'][:20]!r}, not 1")
        _query_methods(tags.get("q", "dns/txt"))
        return _signature(tags, now, "")
    except BadTags as bad:
        raise Defect(str(bad)) from None


def read_arc_signature(tags: dict[str, str], now: int) -> Signature:
    """An ARC-Message-Signature out of its tags; raises Defect."""
    try:
        _need(tags, _ARC)
        _query_methods(tags.get("q", "dns/txt"))
        return _signature(tags, now, tags["i"])
    except BadTags as bad:
        raise Defect(str(bad)) from None


def read_seal(tags: dict[str, str]) -> Seal:
    """An ARC-Seal out of its tags; raises Defect."""
    try:
        _need(tags, _SEAL)
        if "h" in tags:
            raise Defect("a seal must not have h=")  # RFC 8617 §4.1.3
        status = status_of(tags)
        if status not in ("none", "fail", "pass"):
            raise Defect(f"cv={tags['cv'][:20]} is none of none, fail, pass")
        number(tags, "t", _TIME_DIGITS)
        return Seal(_signer(tags), status)
    except BadTags as bad:
        raise Defect(str(bad)) from None


def status_of(tags: dict[str, str]) -> str:
    """cv= of an ARC-Seal: of the two, the tag alone is case-sensitive (RFC 8617 §3.9)."""
    return tags.get("cv", "").lower()


def instance_of(tags: dict[str, str]) -> int:
    """i= of an ARC field, 1 to 50; raises Defect."""
    try:
        value = number(tags, "i", 2)
    except BadTags as bad:
        raise Defect(str(bad)) from None
    if value is None or not 1 <= value <= MAX_INSTANCE:
        raise Defect(f"i= is not an instance of 1 to {MAX_INSTANCE}")
    return value


def _need(tags: dict[str, str], names: tuple[str, ...]) -> None:
    for name in names:
        if name not in tags:
            raise Defect(f"{name}= is missing")


def _signature(tags: dict[str, str], now: int, instance: str) -> Signature:
    signer = _signer(tags)
    header_canon, body_canon = _canons(tags.get("c", "simple/simple"))
    signed_at, expires = _times(tags, now)
    return Signature(
        signer,
        instance or _identity(tags, signer.domain),
        header_canon,
        body_canon,
        _signed(tags["h"]),
        base64_value(tags, "bh"),
        number(tags, "l", _LENGTH_DIGITS),
        signed_at,
        expires,
    )


def _signer(tags: dict[str, str]) -> Signer:
    algorithm = tags["a"]
    kind = _ALGORITHMS.get(algorithm.lower())
    if kind is None:
        if algorithm.lower() in _HISTORIC:
            raise Defect(f"{algorithm} is historic and proves nothing")  # RFC 8301 §3.1
        raise Defect(f"the algorithm {algorithm[:40]!r} is not known", Verdict.NEUTRAL)  # RFC 6376 §3.3.4
    domain, selector = signing_domain(tags["d"]), a_labels(tags["s"])
    if domain is None:
        raise Defect(f"d={tags['d'][:80]} is not a domain")
    if selector is None:
        raise Defect(f"s={tags['s'][:80]} is not a selector")
    value = base64_value(tags, "b")
    if not value:
        raise Defect("b= is empty")
    return Signer(domain, selector, algorithm.lower(), kind, value)


def _canons(text: str) -> tuple[Canon, Canon]:
    header, slash, body = text.lower().partition("/")
    try:
        return Canon(header), Canon(body) if slash else Canon.SIMPLE
    except ValueError:
        raise Defect(f"the canonicalization {text[:40]!r} is not known", Verdict.NEUTRAL) from None


def _query_methods(text: str) -> None:
    if "dns/txt" not in colon_list(text.lower()):  # those that are not known are ignored
        raise Defect(f"no key can be asked for by {text[:40]!r}", Verdict.NEUTRAL)


def _signed(text: str) -> tuple[bytes, ...]:
    if not _FIELD_NAMES.fullmatch(text):
        raise Defect(f"h= is {text[:40]!r}, which are no names of fields")
    names = text.lower().translate(_SPACE).encode().split(b":")
    if b"from" not in names:
        raise Defect("From is not signed")
    return tuple(names)


def _identity(tags: dict[str, str], domain: str) -> str:
    text = tags.get("i")
    if text is None:
        return "@" + domain
    identity = quoted_printable(text)
    _, at, host = identity.rpartition("@")
    name = a_labels(host) if at else None
    if name is None:
        raise Defect(f"i={identity[:80]} is not an address")
    if not is_within(name, domain):
        raise Defect(f"i={identity[:80]} is not within {domain}")
    return identity


def _times(tags: dict[str, str], now: int) -> tuple[int | None, int | None]:
    signed_at, expires = number(tags, "t", _TIME_DIGITS), number(tags, "x", _TIME_DIGITS)
    if expires is not None:
        if signed_at is not None and expires <= signed_at:
            raise Defect("it expires before it was made")
        if now > expires + SKEW_SECONDS:
            raise Defect(f"it expired at {expires}, now it is {now}", Verdict.FAIL)
    if signed_at is not None and signed_at > now + FUTURE_SECONDS:
        raise Defect(f"it is of the future: {signed_at}, now it is {now}", Verdict.NEUTRAL)
    return signed_at, expires
