"""What a check is, and what it finds: a verdict, a reason, the exact remedy.

Not here: any check (`table`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from postroom.message.printable import printable

if TYPE_CHECKING:
    from postroom.message.proof.letter import Letter

SHOWN: Final = 3  # examples in a reason
LONGEST: Final = 80  # characters of an example


class Verdict(enum.StrEnum):
    """GOOD: nothing to be done. NOTE: some readers get less. BAD: something does not work, or is against a standard. NOT_RUN: nothing was found out."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"
    NOT_RUN = "not run"


class Group(enum.StrEnum):
    """What a check is about, in the order in which findings are shown."""

    HEADER = "header"
    BODY = "body"
    CLIENTS = "clients"
    ACCESS = "accessibility"
    LINKS = "links"
    FILES = "files"
    BULK = "bulk"
    SENDER = "sender"


class Said(NamedTuple):
    """What a look at a message says of it."""

    verdict: Verdict
    reason: str
    fix: str = ""


Look = Callable[["Letter"], Iterable[Said]]
Need = Callable[["Letter"], str]  # why a check has nothing to look at; "" when it has


class Check(msgspec.Struct, frozen=True):
    """A row of the table. `good` is said when `look` says nothing; `by` is the standard, or whose behaviour it is."""

    name: str
    group: Group
    what: str
    by: str
    good: str
    look: Look
    need: Need | None = None


class Finding(msgspec.Struct, frozen=True):
    """One verdict on a message. `fix` is what to do, "" where nothing is."""

    check: str
    group: Group
    verdict: Verdict
    reason: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.check}: {self.reason}" + (f"; {self.fix}" if self.fix else "")


def note(reason: str, fix: str) -> Said:
    """Some readers get less."""
    return Said(Verdict.NOTE, reason, fix)


def bad(reason: str, fix: str) -> Said:
    """Something does not work."""
    return Said(Verdict.BAD, reason, fix)


def shown(values: Iterable[str]) -> str:
    """Some of them, for a reason."""
    each = list(dict.fromkeys(values))
    more = f" and {len(each) - SHOWN} more" if len(each) > SHOWN else ""
    return ", ".join(_cut(one) for one in each[:SHOWN]) + more


def number(values: Sequence[object], one: str, many: str = "") -> str:
    """`1 link`, `3 links`."""
    return f"{len(values)} {one if len(values) == 1 else many or one + 's'}"


def _cut(text: str) -> str:
    text = printable(" ".join(text.split()), 4 * LONGEST)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
