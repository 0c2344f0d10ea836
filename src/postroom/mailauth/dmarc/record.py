"""The DMARC policy record: which of a domain's texts it is, and its tags as values.

RFC 9989 §4.7 and §4.8 (tags, grammar), §4.10.1 (records whose policy cannot be read), RFC 7489 §6.3 (pct=, which RFC 9989 has no more),
RFC 9091 §3.2 (np=). A wrong tag counts as if it were not there, but for p=, sp= and np=. Not here: where records are looked for.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.wire.numbers import decimal

W = TypeVar("W", bound=enum.StrEnum)
MAX_RECORD = 8192  # octets of a record; of a longer one nothing is used
MAX_URIS = 10  # report addresses of one tag; the rest is left out

_VERSION = re.compile(rb"v[ \t]*+=[ \t]*+DMARC1[ \t]*+(?:;|\Z)")  # RFC 9989 §4.8: the value is case-sensitive
_NAME = re.compile(r"[A-Za-z]++")
_VALUE = re.compile(r"[ -:<-~\t]++")
_SIZE = re.compile(r"![0-9]++[kmgt]?\Z", re.IGNORECASE)


class Policy(enum.StrEnum):
    """What a domain asks for mail that fails (RFC 9989 §4.7, p=), from the mildest to the strictest."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def milder(self) -> Policy:
        """One level below, for t=y (RFC 9989 §4.7) and for mail that pct= leaves out (RFC 7489 §6.6.4)."""
        return Policy.QUARANTINE if self is Policy.REJECT else Policy.NONE

    @property
    def strictness(self) -> int:
        """0, 1, 2."""
        return list(Policy).index(self)


class Mode(enum.StrEnum):
    """How alike two domains must be (RFC 9989 §4.4)."""

    RELAXED = "r"
    STRICT = "s"


class Psd(enum.StrEnum):
    """Whether a domain says that it is a public suffix (RFC 9989 §4.7, psd=)."""

    YES = "y"
    NO = "n"
    UNSAID = "u"


class Record(msgspec.Struct, frozen=True):
    """A record's tags; `text` as published. Of p=, sp= and np=, None is "not there".

    `readable` says whether p=, sp= and np= were each valid or, of the last two, not there. `reports` and `failures` are the mail addresses of
    rua= and ruf=; URIs of other kinds are left out (RFC 9989 §4.7), and so are the sizes behind "!" (§4.8).
    """

    text: str
    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    readable: bool = False
    adkim: Mode = Mode.RELAXED
    aspf: Mode = Mode.RELAXED
    psd: Psd = Psd.UNSAID
    testing: bool = False
    percent: int = 100
    failure_options: tuple[str, ...] = ("0",)
    reports: tuple[Address, ...] = ()
    failures: tuple[Address, ...] = ()
    has_uri: bool = False

    @property
    def applies(self) -> bool:
        """Whether it makes a policy at all: RFC 9989 §4.10.1 lets one that cannot be read count as p=none if it asks for reports."""
        return self.readable or self.has_uri

    def policy(self, *, subdomain: bool, exists: bool = True) -> Policy:
        """What it asks for its own domain, or for one below that is or is not in the DNS (RFC 9989 §4.10.1)."""
        if not self.readable or self.p is None:
            return Policy.NONE
        if not subdomain:
            return self.p
        existing = self.sp or self.p
        return existing if exists else self.np or existing

    @property
    def depends_on_existence(self) -> bool:
        """Whether what it asks for a domain below depends on whether that exists."""
        return self.policy(subdomain=True) is not self.policy(subdomain=True, exists=False)


def select(texts: Iterable[bytes]) -> list[bytes]:
    """Those of a name's texts that are DMARC records: v=DMARC1 is their first tag (RFC 9989 §4.7)."""
    return [text for text in texts if len(text) <= MAX_RECORD and _VERSION.match(text)]


def parse(text: bytes) -> Record:
    """A selected record; never raises."""
    tags = _tags(text)
    policies = {name: _policy(tags.get(name)) for name in ("p", "sp", "np")}
    readable = policies["p"] is not None and all(
        policies[name] is not None or name not in tags for name in ("sp", "np")
    )
    reports, has_uri = _uris(tags.get("rua") or "")
    return Record(
        text.decode("utf-8", "replace"),
        **policies,
        readable=readable,
        adkim=_one_of(Mode, tags.get("adkim"), Mode.RELAXED),
        aspf=_one_of(Mode, tags.get("aspf"), Mode.RELAXED),
        psd=_one_of(Psd, tags.get("psd"), Psd.UNSAID),
        testing=_lowered(tags.get("t")) == "y",
        percent=_percent(tags.get("pct")),
        failure_options=_failure_options(tags.get("fo")),
        reports=reports,
        failures=_uris(tags.get("ruf") or "")[0],
        has_uri=has_uri,
    )


def _tags(text: bytes) -> dict[str, str | None]:
    """The tags behind the first one, names in lower case; None is a value that does not follow the grammar, or a tag that is there twice."""
    tags: dict[str, str | None] = {}
    for spec in text.decode("ascii", "replace").split(";")[1:]:
        name, equals, value = spec.partition("=")
        name, value = name.strip(" \t").lower(), value.strip(" \t")
        if equals and _NAME.fullmatch(name):
            tags[name] = value if name not in tags and _VALUE.fullmatch(value) else None
    return tags


def _one_of(words: type[W], value: str | None, default: W) -> W:
    try:
        return words(_lowered(value))
    except ValueError:
        return default


def _policy(value: str | None) -> Policy | None:
    try:
        return Policy(_lowered(value))
    except ValueError:
        return None


def _lowered(value: str | None) -> str:
    """The words of values may be in any case, as strings of ABNF are."""
    return (value or "").lower()


def _percent(value: str | None) -> int:
    number = decimal((value or "").encode("ascii", "replace"), 3)
    return number if number is not None and number <= 100 else 100


def _failure_options(value: str | None) -> tuple[str, ...]:
    """RFC 9989 §4.8, dmarc-fo: each word once, and one of 0 and 1."""
    words = tuple(word.strip(" \t") for word in _lowered(value).split(":", 4))
    known = set(words) <= {"0", "1", "d", "s"} and not {"0", "1"} <= set(words)
    return words if known and len(set(words)) == len(words) else ("0",)


def _uris(value: str) -> tuple[tuple[Address, ...], bool]:
    """The mailboxes of mailto: URIs, each once, and whether there is any URI at all."""
    found: dict[str, Address] = {}
    has_uri = False
    for uri in value.split(",", MAX_URIS)[:MAX_URIS]:
        scheme, colon, rest = _SIZE.sub("", uri.strip(" \t")).partition(":")
        if not (colon and rest and scheme.isalnum()):
            continue
        address = None
        if scheme.lower() == "mailto":
            address = parse_mailbox(unquote(rest.partition("?")[0], errors="replace"))
            if address is None:
                continue
            found.setdefault(address.key, address)
        has_uri = True
    return tuple(found.values()), has_uri
