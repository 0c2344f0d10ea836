"""MTA-STS as text: the record that says that there is a policy, the policy, and which hosts it means.

RFC 8461 §3.1 (the record), §3.2 (the policy), §4.1 (matching a host). Values and parsers; not here: who fetches and keeps them.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

import msgspec

from postroom.message.address import fold
from postroom.wire.numbers import decimal

MOST_OCTETS = 64 * 1024  # of a policy, RFC 8461 §3.3
MOST_PATTERNS = 500  # mx lines of a policy
LONGEST = 31_557_600  # seconds that a policy may hold, RFC 8461 §3.2
WELL_KNOWN = "/.well-known/mta-sts.txt"
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_LABELS = re.compile(
    r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)


class Mode(enum.StrEnum):
    """What a sender does when the policy does not hold (RFC 8461 §5)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


class BadPolicy(Exception):
    """The text is no policy; the words say what is wrong with it."""


class Policy(msgspec.Struct, frozen=True):
    """`mx` are patterns in lower case; `max_age` seconds; `text` is what was fetched."""

    mode: Mode
    max_age: int
    mx: tuple[str, ...] = ()
    text: str = ""

    def match(self, host: str) -> str:
        """The pattern that means this host, "" for none."""
        return next((pattern for pattern in self.mx if matches(pattern, host)), "")

    @property
    def lines(self) -> tuple[str, ...]:
        """The policy as reports quote it (RFC 8460 §4.4, policy-string)."""
        return tuple(line.strip() for line in self.text.splitlines() if line.strip())


def record_id(texts: Iterable[bytes]) -> str | None:
    """The id out of the TXT records of `_mta-sts.DOMAIN`; None when they say nothing of a policy (RFC 8461 §3.1)."""
    ours = [text for text in texts if _is_ours(text)]
    if len(ours) != 1:
        return None
    for field in ours[0].decode("ascii", "replace").split(";")[1:]:
        name, _, value = field.strip().partition("=")
        if name.strip() == "id":
            value = value.strip()
            return value if _ID.fullmatch(value) else None
    return None


def _is_ours(text: bytes) -> bool:
    return text.startswith(b"v=STSv1") and text[7:].lstrip(b" \t").startswith(b";")


def parse_policy(octets: bytes) -> Policy:
    """Reads what was fetched; raises `BadPolicy`. Unknown keys are passed over, of a repeated one the first counts (RFC 8461 §3.2)."""
    if len(octets) > MOST_OCTETS:
        raise BadPolicy(f"it is longer than {MOST_OCTETS} octets")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadPolicy("it is not UTF-8") from error
    found: dict[str, str] = {}
    patterns: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if not stripped:
            continue
        key, colon, value = stripped.partition(":")
        key, value = key.strip(), value.strip()
        if not colon or not key:
            raise BadPolicy(f"line {number} is not `key: value`")
        if key == "mx":
            patterns.append(_pattern(value, number))
        else:
            found.setdefault(key, value)
    if len(patterns) > MOST_PATTERNS:
        raise BadPolicy(f"it has more than {MOST_PATTERNS} mx lines")
    return _policy(found, tuple(patterns), text)


def _policy(found: dict[str, str], patterns: tuple[str, ...], text: str) -> Policy:
    if found.get("version") != "STSv1":
        raise BadPolicy("it has no `version: STSv1`")
    try:
        mode = Mode(found.get("mode", ""))
    except ValueError as error:
        raise BadPolicy("its mode is none of enforce, testing, none") from error
    max_age = decimal(found.get("max_age", "").encode(), 10)
    if max_age is None:
        raise BadPolicy("its max_age is no number of seconds")
    if not patterns and mode is not Mode.NONE:
        raise BadPolicy(f"its mode is {mode} and it names no mx")
    return Policy(mode, min(max_age, LONGEST), patterns, text)


def _pattern(value: str, number: int) -> str:
    pattern = fold(value.removesuffix("."))
    if len(pattern) > 255 or not _LABELS.fullmatch(pattern):
        raise BadPolicy(f"the mx in line {number} is no host name")
    return pattern


def matches(pattern: str, host: str) -> bool:
    """Whether a pattern means a host; `*.` stands for exactly one label (RFC 8461 §4.1)."""
    host = fold(host.removesuffix("."))
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return host == pattern
