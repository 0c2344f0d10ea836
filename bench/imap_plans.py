"""What a process of IMAP clients is told to do, and what it tells afterwards: values that travel as JSON.

Also the mixed load of a crowd, as a table: what its clients ask, and how often. The dice have a seed, so that both sides are asked the same. Not
here: doing it (`imap_clients`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Final

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`names` log in, in turn, at `port`; over TLS if there is a `certificate` to trust (a file). Nothing lasts longer than `seconds`."""

    port: int
    names: list[str]
    certificate: str = ""
    clients: int = 1
    seconds: float = 300.0


class Crowd(Plan, frozen=True, kw_only=True):
    """Each client has so many `sessions`, one after the other, each of so many `operations` between login and logout."""

    sessions: int
    operations: int


class Probe(Plan, frozen=True, kw_only=True):
    """Each client asks small things, with a `pause` in between (seconds), until it is told to end."""

    pause: float = 0.02


class Bulk(Plan, frozen=True, kw_only=True):
    """Each client gives one command so often."""

    command: str
    times: int = 1


class Silence(Plan, frozen=True, kw_only=True):
    """Each client logs in, selects and waits in IDLE until it is told to end."""


AnyPlan = Crowd | Probe | Bulk | Silence


class Told(msgspec.Struct):
    """What became of it: seconds, processor seconds of the clients, octets that came, and by command what each answer took (milliseconds)."""

    seconds: float = 0.0
    processor: float = 0.0
    octets: int = 0
    took: dict[str, list[float]] = {}
    error: str = ""

    def all(self) -> list[float]:
        """What all answers took."""
        return [one for each in self.took.values() for one in each]


class Operation(msgspec.Struct, frozen=True):
    """`weight` of a hundred; `words` of a command, of the dice and the number of messages. IDLE has none."""

    name: str
    weight: int
    words: Callable[[Random, int], str]


LIST: Final = 20  # rows of a list of messages
IDLE: Final = "IDLE"
APPEND: Final = "APPEND"
KEYS: Final = ("UNSEEN", "FLAGGED", "SUBJECT {}", "FROM {}", "BODY {}", "SINCE 1-Jan-2026")


def _listed(dice: Random, count: int) -> str:
    first = dice.randint(1, max(1, count - LIST))
    return f"FETCH {first}:{min(count, first + LIST - 1)} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"


def _stored(dice: Random, count: int) -> str:
    return f"STORE {dice.randint(1, count)} {dice.choice('+-')}FLAGS (\\Flagged)"


def _sought(dice: Random, _count: int) -> str:
    letters = "abcdefghijklmnoprstuvwyz"
    return "UID SEARCH " + dice.choice(KEYS).format("".join(dice.choices(letters, k=3)))


MIX: Final = (
    Operation("FETCH list", 30, _listed),
    Operation("FETCH BODY[]", 20, lambda dice, count: f"UID FETCH {dice.randint(1, count)} (FLAGS BODY.PEEK[])"),
    Operation("STORE", 12, _stored),
    Operation("SEARCH", 12, _sought),
    Operation("NOOP", 8, lambda *_: "NOOP"),
    Operation("STATUS", 5, lambda *_: "STATUS Sent (MESSAGES UNSEEN UIDNEXT)"),
    Operation(APPEND, 5, lambda *_: "APPEND INBOX"),
    Operation(IDLE, 8, lambda *_: IDLE),
)  # fmt: skip


def chosen(dice: Random, count: int) -> list[Operation]:
    """So many operations, by their weights."""
    return dice.choices(MIX, [one.weight for one in MIX], k=count)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that so large a share of all values does not exceed; `values` not empty, `share` more than 0."""
    return sorted(values)[math.ceil(share * len(values)) - 1]
