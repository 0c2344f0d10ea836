"""What is searched for among messages: a small tree of keys, the same for IMAP SEARCH, for JMAP and for filters.

RFC 9051 §6.4.4, RFC 5032 (WITHIN), RFC 8474 §6, RFC 8514 §4.3, RFC 6203 (FUZZY), RFC 7162 §3.1.5. Values, and the tree put in the order in which it
is cheap to look. Needles are text as the client meant it; they are compared by `message.encodings.casemap`. Times are unix microseconds or days since
1970-01-01. Not here: how a protocol writes a tree, where the messages are.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final

import msgspec

MAX_WORDS: Final = 20  # of a fuzzy needle that are looked for

Ranges = tuple[tuple[int, int], ...]  # of uids, ascending, both ends included


class Key(msgspec.Struct, frozen=True):
    """The base of all keys."""


class Everything(Key, frozen=True):
    """Every message."""


class And(Key, frozen=True):
    """All of them; of none, everything."""

    keys: tuple[Key, ...]


class Or(Key, frozen=True):
    """Any of them; of none, nothing."""

    keys: tuple[Key, ...]


class Not(Key, frozen=True):
    """All other messages."""

    key: Key


class Flagged(Key, frozen=True):
    """Copies with a system flag: a bit of `store.mailboxes.flags.Flag`."""

    flag: int


class Keyword(Key, frozen=True):
    """Copies with a keyword, in lower case."""

    keyword: str


class Recent(Key, frozen=True):
    """Copies that are \\Recent to who asks."""


class Numbered(Key, frozen=True):
    """Copies with these uids."""

    ranges: Ranges


class Moment(enum.Enum):
    """Which time of a copy is meant."""

    ARRIVED = "internaldate"
    SAVED = "savedate"


class During(Key, frozen=True):
    """Copies whose time lies from `first` up to, and without, `end`; None is open."""

    moment: Moment
    first: int | None
    end: int | None


class Sent(Key, frozen=True):
    """Messages whose Date, as its sender wrote it, lies from day `first` to day `last`; None is open."""

    first: int | None
    last: int | None


class Sized(Key, frozen=True):
    """Messages of `least` to `most` octets; None is open."""

    least: int | None
    most: int | None


class Changed(Key, frozen=True):
    """Copies whose modseq is `modseq` or higher."""

    modseq: int


class OfEmail(Key, frozen=True):
    """The copies of one email; 0 is none."""

    email_id: int


class OfThread(Key, frozen=True):
    """The copies of the emails of one thread; 0 is none."""

    thread_id: int


class Field(enum.Enum):
    """The fields of which the store keeps the words."""

    SUBJECT = "subject"
    FROM = "from"
    TO = "to"
    CC = "cc"
    BCC = "bcc"


class Says(Key, frozen=True):
    """Messages in which such a field has the needle."""

    field: Field
    needle: str


class Heads(Key, frozen=True):
    """Messages with a header field of this name (lower case) that has the needle."""

    name: str
    needle: str


class Holds(Key, frozen=True):
    """Messages whose words have the needle: those of the body, or with `header` those of the header too."""

    needle: str
    header: bool


class Fuzzy(Key, frozen=True):
    """As its key, where what is nearly so may count too (RFC 6203 §3)."""

    key: Key


def roughly(key: Key) -> Key:
    """A tree that finds more: messages with all words of a needle, wherever they stand (RFC 6203 §3). Its depth is bounded by whoever read it."""
    match key:
        case And(keys=keys):
            return And(tuple(roughly(one) for one in keys))
        case Or(keys=keys):
            return Or(tuple(roughly(one) for one in keys))
        case Not(key=inner):
            return Not(inner)
        case Fuzzy(key=inner):
            return roughly(inner)
        case Says(needle=needle) | Holds(needle=needle) | Heads(needle=needle) if len(needle.split()) > 1:
            return And(
                tuple(msgspec.structs.replace(key, needle=word) for word in needle.split()[:MAX_WORDS])
            )
        case _:
            return key


EVERYTHING: Final = Everything()
NOTHING: Final = Or(())

_COSTS: Final[dict[type[Key], int]] = {
    Everything: 0,
    Numbered: 0,
    Recent: 0,
    Says: 2,
    Sent: 2,
    Holds: 8,
    Heads: 9,
}


def cost(key: Key) -> int:
    """How dear it is to look, in no unit: 0 nothing is read, 1 narrow rows, 2 summaries, from 8 on whole messages."""
    return max((_COSTS.get(type(one), 1) for one in leaves(key)), default=0)


def leaves(key: Key) -> Iterator[Key]:
    """The keys of a tree that have no keys in them."""
    waiting = [key]
    while waiting:
        one = waiting.pop()
        if isinstance(one, And | Or):
            waiting += one.keys
        elif isinstance(one, Not | Fuzzy):
            waiting.append(one.key)
        else:
            yield one


def ordered(key: Key) -> Key:
    """The same tree with the cheap keys first, and without what makes no difference. Its depth is bounded by whoever read it."""
    if isinstance(key, And):
        return _all([ordered(one) for one in key.keys])
    if isinstance(key, Or):
        return _any([ordered(one) for one in key.keys])
    if isinstance(key, Not):
        inner = ordered(key.key)
        if isinstance(inner, Not):
            return inner.key
        return NOTHING if inner == EVERYTHING else EVERYTHING if inner == NOTHING else Not(inner)
    return ordered(key.key) if isinstance(key, Fuzzy) else key


def _all(keys: list[Key]) -> Key:
    flat = [
        part for one in keys for part in (one.keys if isinstance(one, And) else (one,)) if part != EVERYTHING
    ]
    if NOTHING in flat:
        return NOTHING
    if not flat:
        return EVERYTHING
    return flat[0] if len(flat) == 1 else And(tuple(sorted(dict.fromkeys(flat), key=cost)))


def _any(keys: list[Key]) -> Key:
    flat = [part for one in keys for part in (one.keys if isinstance(one, Or) else (one,))]
    if EVERYTHING in flat:
        return EVERYTHING
    return flat[0] if len(flat) == 1 else Or(tuple(sorted(dict.fromkeys(flat), key=cost)))
