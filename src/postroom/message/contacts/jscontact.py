"""JSContact cards: whether a value is one, and what is said when it is not.

RFC 9553 §1.3 (types), §1.4 (@type, Id, PatchObject), §1.6 (invalid data), §1.7 (extensions are kept), §2. Not here: the table of types
(`card_types`), other forms of a card.
"""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from postroom.message.contacts.card_types import ANY_OF, TYPES

MAX_PROBLEMS: Final = 20  # that are told of one card
MAX_UID: Final = 1_024  # characters of a card's uid
MAX_NESTING: Final = 50  # of objects and lists in each other, those of extensions included
MAX_TOLD: Final = 100  # characters of a name that are told in a path
VERSIONS: Final = ("1.0", "2.0")
OF_CONTACT_CARD: Final = ("id", "addressBookIds")  # RFC 9610 §3: what JMAP adds to a Card, and no Card has

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_UTC: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{0,17}[1-9])?Z")
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8}){0,20}")
_SPEC: Final = re.compile(r"(\w+):([\[{<]?)(\w+)[\]}>]?(!?)")


class Problem(msgspec.Struct, frozen=True):
    """`path`: where, as levels joined by `/`; `words`: what should be there."""

    path: str
    words: str

    @property
    def top(self) -> str:
        """The card's property that it is in."""
        return self.path.partition("/")[0]


class _Property(msgspec.Struct, frozen=True):
    """`shape` is `[`, `{`, `<`, or "" for a single value."""

    shape: str
    kind: str
    mandatory: bool


def _table() -> Mapping[str, Mapping[str, _Property]]:
    return MappingProxyType(
        {
            kind: MappingProxyType(
                {name: _Property(shape, of, must == "!") for name, shape, of, must in _SPEC.findall(written)}
            )
            for kind, written in TYPES.items()
        }
    )


_TABLE: Final = _table()
PROPERTIES: Final = tuple(_TABLE["Card"])
_Work = tuple[str, Any, str, str]  # path, value, shape, kind


def problems(card: Any) -> list[Problem]:
    """What keeps a value from being a Card; nothing when it is one. Iterative; at most `MAX_PROBLEMS`."""
    if too_deep(card):
        return [Problem("", f"objects lie at most {MAX_NESTING} deep in each other")]
    found: list[Problem] = []
    waiting: list[_Work] = [("", card, "", "Card")]
    while waiting and len(found) < MAX_PROBLEMS:
        path, value, shape, kind = waiting.pop()
        if shape:
            words = _several(path, value, shape, kind, waiting)
        elif kind == "Date":
            stamp = isinstance(value, dict) and value.get("@type") == "Timestamp"
            waiting.append((path, value, "", "Timestamp" if stamp else "PartialDate"))
            words = ""
        elif kind in _TABLE:
            found += _object(path, value, kind, waiting)
            words = ""
        else:
            words = "" if _VALUES[kind][0](value) else _VALUES[kind][1]
        if words:
            found.append(Problem(path, words))
    return found[:MAX_PROBLEMS]


def too_deep(value: Any) -> bool:
    """Whether objects and lists lie more than `MAX_NESTING` deep in each other."""
    level = [value]
    for _ in range(MAX_NESTING):
        level = [
            below
            for one in level
            if isinstance(one, (dict, list))
            for below in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _several(path: str, value: Any, shape: str, kind: str, waiting: list[_Work]) -> str:
    """Puts the members of a list or map among what waits; the words for what is none."""
    if shape == "[":
        if not isinstance(value, list):
            return "a list"
        waiting += [(f"{path}/{at}", one, "", kind) for at, one in enumerate(value)]
        return ""
    if not isinstance(value, dict):
        return "an object"
    if shape == "{" and not all(_ID.fullmatch(name) for name in value):
        return "an object whose names are 1 to 255 of A-Z a-z 0-9 - _"
    if kind == "Patch" and not all(_LANGUAGE.fullmatch(name) for name in value):
        return "an object whose names are language tags"
    waiting += [(f"{path}/{name[:MAX_TOLD]}", one, "", kind) for name, one in value.items()]
    return ""


def _object(path: str, value: Any, kind: str, waiting: list[_Work]) -> Iterator[Problem]:
    def at(name: str) -> str:
        return f"{path}/{name}" if path else name

    if not isinstance(value, dict):
        yield Problem(path, f"a {kind} object")
        return
    if value.get("@type", kind) != kind:
        yield Problem(at("@type"), f"{kind!r}")  # RFC 9553 §1.3.4: optional but for Timestamp
    for name, declared in _TABLE[kind].items():
        if name in value:
            waiting.append((at(name), value[name], declared.shape, declared.kind))
        elif declared.mandatory:
            yield Problem(at(name), "it has to be there")
    if kind in ANY_OF and not any(name in value for name in ANY_OF[kind]):
        yield Problem(at(ANY_OF[kind][0]), f"one of {', '.join(ANY_OF[kind])} has to be there")
    rule = _RULES.get(kind)
    if rule is not None:
        yield from (Problem(at(name), words) for name, words in rule(value))


_Wrong = Iterator[tuple[str, str]]


def _card(value: Mapping[str, Any]) -> _Wrong:
    if "version" in value and value["version"] not in VERSIONS:
        yield "version", f"one of {', '.join(VERSIONS)}"
    if value.get("members") and value.get("kind") != "group":  # RFC 9553 §2.1.6
        yield "members", "nothing, since the card is no group"
    yield from ((name, "nothing: it is no property of a Card") for name in OF_CONTACT_CARD if name in value)


def _components(value: Mapping[str, Any]) -> _Wrong:
    """RFC 9553 §2.2.1.2, §2.5.1.1."""
    ordered = value.get("isOrdered", False) is True
    if "defaultSeparator" in value and not (ordered and "components" in value):
        yield "defaultSeparator", "nothing, since there are no components in an order"
    if "sortAs" in value and "components" not in value:
        yield "sortAs", "nothing, since there are no components"
    parts = value.get("components")
    there = [one for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []
    kinds = [one.get("kind") for one in there]
    if any("phonetic" in one for one in there) and not value.keys() & {"phoneticSystem", "phoneticScript"}:
        yield "phoneticSystem", "this or phoneticScript has to be there"
    if kinds and not ordered and "separator" in kinds:
        yield "components", "no separator, since they have no order"
    if kinds and all(kind == "separator" for kind in kinds):
        yield "components", "more than separators"


def _partial_date(value: Mapping[str, Any]) -> _Wrong:
    year, month, day = value.get("year"), value.get("month"), value.get("day")
    if day is not None and month is None:
        yield "day", "a month with it"
    if type(month) is int and type(day) is int and 1 <= month <= 12:
        leap = type(year) is not int or calendar.isleap(year)
        if day > (29 if leap and month == 2 else calendar.monthrange(2023, month)[1]):
            yield "day", "a day of that month"


_RULES: Final[Mapping[str, Callable[[Mapping[str, Any]], _Wrong]]] = MappingProxyType(
    {"Card": _card, "Name": _components, "Address": _components, "PartialDate": _partial_date}
)


def _is_int(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def is_utc(value: Any) -> bool:
    """Whether a value is a UTCDateTime, RFC 9553 §1.3.4."""
    if not isinstance(value, str) or not _UTC.fullmatch(value):
        return False
    try:
        dt.datetime.fromisoformat(value[:19])
    except ValueError:
        return False
    return True


def _is_patch(value: Any) -> bool:
    """RFC 9553 §1.4.4: paths, none within another, and none that localizes what must be the same in all languages (§2.7.1)."""
    if not isinstance(value, dict) or "" in value or any(name.startswith("/") for name in value):
        return False
    tops = {name.partition("/")[0] for name in value}
    if not tops.isdisjoint(("@type", "kind", "localizations", "uid", "version", "language", "members")):
        return False
    written = sorted(name + "/" for name in value)
    return not any(later.startswith(one) for one, later in itertools.pairwise(written))


_VALUES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = MappingProxyType(
    {
        "String": (lambda value: isinstance(value, str), "a string"),
        "Boolean": (lambda value: isinstance(value, bool), "true or false"),
        "True": (lambda value: value is True, "true"),
        "UnsignedInt": (lambda value: _is_int(value, 0, 2**53 - 1), "a number from 0 on"),
        "Positive": (lambda value: _is_int(value, 1, 2**53 - 1), "a number from 1 on"),
        "Pref": (lambda value: _is_int(value, 1, 100), "a number from 1 to 100"),
        "Month": (lambda value: _is_int(value, 1, 12), "a number from 1 to 12"),
        "Day": (lambda value: _is_int(value, 1, 31), "a number from 1 to 31"),
        "Id": (lambda value: isinstance(value, str) and bool(_ID.fullmatch(value)), "an Id"),
        "Uid": (
            lambda value: isinstance(value, str) and 0 < len(value) <= MAX_UID,
            f"1 to {MAX_UID} characters",
        ),
        "UTCDateTime": (is_utc, "a time as 2026-01-31T12:00:00Z"),
        "Country": (
            lambda value: isinstance(value, str) and bool(re.fullmatch("[A-Za-z]{2}", value)),
            "two letters",
        ),
        "Geo": (
            lambda value: isinstance(value, str) and value[:4].lower() == "geo:",
            "a geo: URI",
        ),
        "Patch": (_is_patch, "paths to what can be localized, none within another"),
        "List": (lambda value: isinstance(value, list), "a list"),
    }
)
