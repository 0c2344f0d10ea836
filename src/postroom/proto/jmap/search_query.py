"""A query of people as a filter of Email/query (RFC 8621 §4.4.1).

What Email/query cannot answer is said, never left out. Days begin at midnight where the one who asks is. Not here: reading the query
(`message.query.language`), which mailboxes there are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from postroom.message.query.language import All, AnyOf, Not, Term, Tree, fold
from postroom.message.query.operators import HEADERS, STATES, size_of
from postroom.proto.jmap.standard import MAX_CONDITIONS
from postroom.proto.jmap.types import Object, utc_date

ANYWHERE: Final = ("anywhere", "all")  # of in:
_MONTHS: Final = {"m": 1, "y": 12}
_HOURS: Final = {"h": 1, "d": 24, "w": 7 * 24}
_MICROS: Final = dt.timedelta(microseconds=1)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Circumstances(msgspec.Struct, frozen=True):
    """Who asks, where and when: `mailboxes` gives the ids of a name (with True of what is below, too), `now` in unix microseconds."""

    mailboxes: Callable[[str, bool], Sequence[str]]
    zone: dt.tzinfo
    now: int


class Unanswered(msgspec.Struct, frozen=True):
    """A term that no filter can be made of."""

    term: Term
    words: str
    remedy: str


def search_filter(tree: Tree, circumstances: Circumstances) -> tuple[Object | None, list[Unanswered]]:
    """The filter (None: every email), and what cannot be answered; the filter is of no use then."""
    if tree == All(()):
        return None, []
    making = _Making(circumstances)
    found = fold(tree, making.term, _joined)
    if not making.problems and making.conditions > MAX_CONDITIONS:
        making.refuse(making.largest, "there are too many mailboxes below it", "name fewer mailboxes")
    return found, making.problems


def _joined(node: Tree, below: list[Object]) -> Object:
    operator = "NOT" if isinstance(node, Not) else "OR" if isinstance(node, AnyOf) else "AND"
    return {"operator": operator, "conditions": below}


class _Making:
    def __init__(self, circumstances: Circumstances) -> None:
        self.circumstances = circumstances
        self.problems: list[Unanswered] = []
        self.conditions = 0
        self.largest = Term("", "")

    def refuse(self, term: Term, words: str, remedy: str) -> None:
        self.problems.append(Unanswered(term, words, remedy))

    def term(self, term: Term) -> Object:
        """The condition of one term."""
        # Each term may stand in an operator of its own and below a NOT; so the count is never too low.
        self.conditions += 4
        if term.name == "header":
            return {"header": [term.of, needle(term.value)] if term.value else [term.of]}
        if term.name in HEADERS:
            return {"header": [HEADERS[term.name], needle(term.value)]}
        if term.name in ("in", "under"):
            return self._within(term)
        maker = _CONDITIONS.get(term.name)
        if maker is not None:
            return maker(term.value)
        if term.name in _TIMES:
            try:
                return _TIMES[term.name](term.value, self.circumstances)
            except (OverflowError, ValueError):
                self.refuse(term, "that is too long ago", "write a later day")
        return {}

    def _within(self, term: Term) -> Object:
        if term.name == "in" and term.value.lower() in ANYWHERE:
            return {}
        found = self.circumstances.mailboxes(term.value, term.name == "under")
        if not found:
            remedy = 'write the name of a folder, "Lists/Python", or inbox, archive, sent, drafts, junk, trash, anywhere'
            self.refuse(term, f"there is no folder {term.value[:100]!r}", remedy)
            return {}
        if len(found) == 1:
            return {"inMailbox": found[0]}
        self.conditions += len(found)
        self.largest = term
        return {"operator": "OR", "conditions": [{"inMailbox": one} for one in found]}


def needle(value: str) -> str:
    """A value as text, from and the like take it: where words would be taken apart, in quotes (RFC 8621 §4.4.1)."""
    if value and value[0] not in "'\"" and not any(char.isspace() for char in value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words_in(name: str) -> Callable[[str], Object]:
    return lambda value: {name: needle(value)}


def _state(value: str) -> Object:
    keyword, there = STATES[value]
    return {"hasKeyword" if there else "notKeyword": keyword}


_CONDITIONS: Final[Mapping[str, Callable[[str], Object]]] = {
    "": _words_in("text"),
    **{name: _words_in(name) for name in ("from", "to", "cc", "bcc", "subject", "body")},
    "label": lambda value: {"hasKeyword": value},
    "is": _state,
    "has": lambda _: {"hasAttachment": True},
    "larger": lambda value: {"minSize": size_of(value)},
    "smaller": lambda value: {"maxSize": size_of(value)},
}


def _midnight(value: str, circumstances: Circumstances, later: int = 0) -> str:
    """Where a day begins, or the one so many days later."""
    if value in ("today", "yesterday"):
        today = (_EPOCH + circumstances.now * _MICROS).astimezone(circumstances.zone).date()
        day = today - dt.timedelta(days=value == "yesterday")
    else:
        day = dt.date.fromisoformat(value)
    start = dt.datetime.combine(day + dt.timedelta(days=later), dt.time(), circumstances.zone)
    return utc_date((start - _EPOCH) // _MICROS)


def _ago(value: str, circumstances: Circumstances) -> str:
    """The moment that lies so long before now; months and years by the calendar, on its last day where there is no such one."""
    moment = (_EPOCH + circumstances.now * _MICROS).astimezone(circumstances.zone)
    number, unit = int(value[:-1]), value[-1]
    if unit in _HOURS:
        moment = moment.astimezone(dt.UTC) - dt.timedelta(hours=number * _HOURS[unit])
    else:
        months = moment.year * 12 + moment.month - 1 - number * _MONTHS[unit]
        year, month = divmod(months, 12)
        first = moment.replace(year=year, month=month + 1, day=1)
        last = (first.date() + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        moment = first.replace(day=min(moment.day, last.day))
    return utc_date((moment - _EPOCH) // _MICROS)


_TIMES: Final[Mapping[str, Callable[[str, Circumstances], Object]]] = {
    "before": lambda value, now: {"before": _midnight(value, now)},
    "after": lambda value, now: {"after": _midnight(value, now)},
    "on": lambda value, now: {"after": _midnight(value, now), "before": _midnight(value, now, 1)},
    "older_than": lambda value, now: {"before": _ago(value, now)},
    "newer_than": lambda value, now: {"after": _ago(value, now)},
}
