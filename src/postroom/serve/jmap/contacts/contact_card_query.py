"""ContactCard/query and ContactCard/queryChanges (RFC 9610 §3.3, §3.4).

Texts are compared without regard to case and accents; all words of a text have to be there, phrases stand in quotes. Not here: what a card is.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from postroom.message.encodings.casemap import casemap
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.search_words import search_words
from postroom.proto.jmap.standard import Comparator, Query, QueryChanges, read_filter
from postroom.proto.jmap.state import read_state
from postroom.proto.jmap.types import Object, parse_utc_date
from postroom.serve.jmap.contacts.address_book import open_account
from postroom.serve.jmap.contacts.contact_card import seen_changes, state_of_cards
from postroom.serve.jmap.methods import querying
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import record_number
from postroom.serve.jmap.methods.querying import Condition, Key, moment_of
from postroom.serve.jmap.methods.results import digest
from postroom.store.records import contacts, records
from postroom.store.records.contacts import BOOK, CARD, Card, Reach

AT_ONCE: Final = 200  # cards that one turn in a thread looks at
MOST_WORDS: Final = 100  # of a text that is looked for
MOST_TOUCHED: Final = 5_000  # changes that one answer to /queryChanges looks at


class Found(msgspec.Struct, frozen=True):
    """A card with its number, and its texts, folded, by what they are looked for in."""

    number: int
    card: Card
    texts: dict[str, str] = {}

    def text(self, name: str) -> str:
        """All texts of one kind; folded once, for all conditions."""
        if name not in self.texts:
            self.texts[name] = _folded("\n".join(TEXTS[name](self.card.card)))
        return self.texts[name]


def _each(card: Object, of: str) -> Iterator[Object]:
    yield from card.get(of, {}).values()


def _components(card: Object, kind: str) -> list[str]:
    return [one["value"] for one in card.get("name", {}).get("components", ()) if one["kind"] == kind]


def _name(card: Object) -> list[str]:
    name = card.get("name", {})
    return [name.get("full", ""), *(one["value"] for one in name.get("components", ()))]


def _fields(of: str, *names: str) -> Callable[[Object], Iterator[str]]:
    return lambda card: (one.get(name, "") for one in _each(card, of) for name in names)


def _addresses(card: Object) -> Iterator[str]:
    for one in _each(card, "addresses"):
        yield one.get("full", "")
        yield from (part["value"] for part in one.get("components", ()))


def _texts(card: Object) -> Iterator[str]:
    """Every text of a card but for types, kinds and what media hold."""
    waiting: list[Any] = [value for name, value in card.items() if name not in ("version", "media", "uid")]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [value for name, value in one.items() if name not in ("@type", "kind")]
            waiting += [name for name, value in one.items() if value is True]
        elif isinstance(one, list):
            waiting += one


# RFC 9610 §3.3.1: what a text is looked for in.
TEXTS: Final[Mapping[str, Callable[[Object], Any]]] = {
    "text": _texts,
    "name": _name,
    "name/given": lambda card: _components(card, "given"),
    "name/surname": lambda card: _components(card, "surname"),
    "name/surname2": lambda card: _components(card, "surname2"),
    "nickname": _fields("nicknames", "name"),
    "organization": _fields("organizations", "name"),
    "email": _fields("emails", "address", "label"),
    "phone": _fields("phones", "number", "label"),
    "onlineService": _fields("onlineServices", "service", "uri", "user", "label"),
    "address": _addresses,
    "note": _fields("notes", "note"),
}
EXACT: Final[Mapping[str, Callable[[Object, str], bool]]] = {
    "uid": lambda card, value: card.get("uid") == value,
    "hasMember": lambda card, value: value in card.get("members", {}),
    "kind": lambda card, value: card.get("kind", "individual") == value,
}
TIMES: Final = {
    "createdBefore": ("created", True),
    "createdAfter": ("created", False),
    "updatedBefore": ("updated", True),
    "updatedAfter": ("updated", False),
}


def _when(card: Object, name: str) -> int | None:
    return parse_utc_date(card.get(name))


def _part(card: Object, kind: str) -> str:
    return next(iter(_components(card, kind)), "")


SORTS: Final[Mapping[str, Key[Found]]] = {
    "created": lambda one: _when(one.card.card, "created") or 0,
    "updated": lambda one: _when(one.card.card, "updated") or 0,
    "name/given": lambda one: _part(one.card.card, "given"),
    "name/surname": lambda one: _part(one.card.card, "surname"),
    "name/surname2": lambda one: _part(one.card.card, "surname2"),
}


def _condition(given: Object) -> Condition[Found]:
    """RFC 9610 §3.3.1: all of its properties have to hold."""
    tests = [_test(name, value) for name, value in given.items()]
    return lambda one: all(test(one) for test in tests)


def _test(name: str, value: Any) -> Condition[Found]:
    if name not in TEXTS and name not in EXACT and name not in TIMES and name != "inAddressBook":
        raise MethodError("unsupportedFilter", f"no card is found by {name[:100]!r}")
    if not isinstance(value, str):
        raise MethodError("invalidArguments", f"{name} is a string", arguments=["filter"])
    if name == "inAddressBook":
        book = record_number(BOOK, value)
        return lambda one: book in one.card.books
    if name in EXACT:
        exact = EXACT[name]
        return lambda one: exact(one.card.card, value)
    if name in TIMES:
        return _time(name, value)
    asked = search_words(value, MOST_WORDS + 1)
    if len(asked) > MOST_WORDS:
        raise MethodError("unsupportedFilter", f"a text has at most {MOST_WORDS} words", arguments=["filter"])
    words = [_folded(word) for word in asked]

    def contains(one: Found) -> bool:
        text = one.text(name)
        return all(word in text for word in words)

    return contains


def _folded(text: str) -> str:
    """A text without case and accents."""
    mapped = casemap(text)
    return mapped if mapped.isascii() else "".join(one for one in mapped if not unicodedata.combining(one))


def _time(name: str, value: str) -> Condition[Found]:
    of, before = TIMES[name]
    limit = moment_of(value)

    def holds(one: Found) -> bool:
        when = _when(one.card.card, of)
        return when is not None and (when < limit if before else when >= limit)

    return holds


def _matching(cards: Sequence[Found], matches: Condition[Found]) -> list[Found]:
    found = []
    for one in cards:
        if matches(one):
            found.append(one)
        one.texts.clear()  # they are as long as the card
    return found


async def _search(
    call: Call, reach: Reach, given: Object | None, sort: Sequence[Comparator] | None, state: int
) -> list[int]:
    key = (CARD, reach, state, digest(msgspec.json.encode((given, sort))))
    known = call.service.results.get(key)
    if known is not None:
        return list(known)
    matches = querying.predicate(read_filter(given), _condition)
    querying.ordered([], sort, SORTS)  # what is wrong with the sort is said before anything is read
    found: list[Found] = []
    waiting: list[Found] = []
    async for number, card in contacts.all_cards(call.reading, reach):
        waiting.append(Found(number, card))
        if len(waiting) >= AT_ONCE:
            found += await asyncio.to_thread(_matching, waiting, matches)
            waiting = []
    found += await asyncio.to_thread(_matching, waiting, matches)
    numbers = [one.number for one in await asyncio.to_thread(querying.ordered, found, sort, SORTS)]
    call.service.results.put(key, numbers)
    return numbers


def _id(number: int) -> str:
    return id_text(IdKind.RECORD, number)


async def query(call: Call, arguments: Query) -> Object:
    """RFC 9610 §3.3."""
    reach = await open_account(call, arguments.account_id)
    state = await state_of_cards(call, reach.account_id)
    numbers = await _search(call, reach, arguments.filter, arguments.sort, state)
    return querying.answered(arguments, state, list(map(_id, numbers)), arguments.anchor)


async def query_changes(call: Call, arguments: QueryChanges) -> Object:
    """RFC 9610 §3.4."""
    reach = await open_account(call, arguments.account_id)
    account = await call.state(reach.account_id)
    since = read_state(arguments.since_query_state, floor=account.floor, newest=account.modseq)
    state = await state_of_cards(call, reach.account_id)
    touched = await _touched(call, reach, since.modseq)
    if len(touched) > MOST_TOUCHED:
        raise MethodError("cannotCalculateChanges", "too much has changed since")
    numbers = await _search(call, reach, arguments.filter, arguments.sort, state)
    told = querying.changed(arguments, state, numbers, [one.record_id for one in touched], id_of=_id)
    return querying.not_too_many(told, arguments)


async def _touched(call: Call, reach: Reach, modseq: int) -> list[records.Changed]:
    if not reach.own:
        return await seen_changes(call, reach, modseq)
    kind = contacts.cards_of(reach.account_id)
    return await records.changes(call.reading, kind, (modseq, (1 << 63) - 1), MOST_TOUCHED + 1)


METHODS: Final[Methods] = {
    "ContactCard/query": Method(CONTACTS, Query, query),
    "ContactCard/queryChanges": Method(CONTACTS, QueryChanges, query_changes),
}
