"""Email/query and Email/queryChanges (RFC 8621 §4.4, §4.5).

Results are kept for the next part of the same list, as long as nothing in the account has changed. Not here: how a filter is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import ijson
from postroom.proto.jmap.capabilities import ASCII, MAIL, SORT_OPTIONS
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Comparator, Query, QueryChanges
from postroom.proto.jmap.state import read_state
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.mail.email_filter import MUTABLE, Filter, keyword_in_threads
from postroom.serve.jmap.mail.thread import must_see_the_same, state_of
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.querying import (
    answered,
    changed,
    comparators_of,
    index_of,
    not_too_many,
    up_to,
)
from postroom.serve.jmap.methods.results import digest
from postroom.store.emails import emails
from postroom.store.emails.columns import Column
from postroom.store.emails.roster import Entry, Roster

MOST_TOUCHED: Final = 20_000  # emails that changed since a query; of more the client asks anew
THREADS: Final = ("allInThreadHaveKeyword", "someInThreadHaveKeyword")


class EmailQuery(Query, frozen=True, kw_only=True):
    """RFC 8621 §4.4."""

    collapse_threads: bool = False


class EmailQueryChanges(QueryChanges, frozen=True, kw_only=True):
    """RFC 8621 §4.5."""

    collapse_threads: bool = False


async def query(call: Call, arguments: EmailQuery) -> Object:
    """RFC 8621 §4.4."""
    account_id = await call.account(arguments.account_id)
    state = await state_of(call, account_id)
    found = await _results(call, account_id, arguments)
    anchor = number_of(IdKind.EMAIL, arguments.anchor) if arguments.anchor is not None else None
    told = answered(arguments, state, found, anchor)
    return {**told, "ids": [id_text(IdKind.EMAIL, one) for one in told["ids"]]}


async def query_changes(call: Call, arguments: EmailQueryChanges) -> Object:
    """RFC 8621 §4.5."""
    account_id = await call.account(arguments.account_id)
    account = await call.state(account_id)
    since = read_state(arguments.since_query_state, floor=account.floor, newest=account.modseq)
    await must_see_the_same(call, account_id, since.modseq)
    state = await state_of(call, account_id)
    folders = await Folders.read(call, account_id)
    found = await _results(call, account_id, arguments)
    touched = await _touched(call, folders, since.modseq, with_threads=_looks_at_threads(arguments))
    told = changed(arguments, state, found, touched, id_of=lambda one: id_text(IdKind.EMAIL, one))
    return not_too_many(up_to(told, _last(arguments, found)), arguments)


def _last(arguments: EmailQueryChanges, found: Sequence[int]) -> int | None:
    number = number_of(IdKind.EMAIL, arguments.up_to_id) if arguments.up_to_id else None
    return None if number is None or _mutable(arguments) else index_of(found, number)


def _mutable(arguments: EmailQuery | EmailQueryChanges) -> bool:
    text = ijson.encode(arguments.filter).decode() if arguments.filter else ""
    return any(f'"{name}"' in text for name in MUTABLE) or any(
        one.property.endswith("Keyword") for one in arguments.sort or ()
    )


def _looks_at_threads(arguments: EmailQueryChanges) -> bool:
    text = ijson.encode(arguments.filter).decode() if arguments.filter else ""
    return (
        arguments.collapse_threads
        or "InThread" in text
        or any(one.property in THREADS for one in arguments.sort or ())
    )


async def _touched(call: Call, folders: Folders, since: int, *, with_threads: bool) -> list[int]:
    """Emails that changed since a modseq, and where that matters all others of their threads. Raises `cannotCalculateChanges`."""
    at: tuple[int, int] | None = (since, (1 << 63) - 1)
    touched: dict[int, None] = {}
    while at is not None:
        part, at = await emails.changes(call.reading, folders.reader, at, 1_000)
        touched.update((change.email_id, None) for change in part)
        if len(touched) > MOST_TOUCHED:
            raise MethodError("cannotCalculateChanges", f"more than {MOST_TOUCHED} emails have changed")
    if with_threads:
        threads = await emails.threads_of(call.reading, folders.account_id, touched, since)
        roster = await call.service.rosters.look(call.reading, folders.reader)
        for thread_id in set(threads.values()):
            touched.update(dict.fromkeys(roster.threads.get(thread_id, ())))
    return list(touched)


async def _results(call: Call, account_id: int, arguments: EmailQuery | EmailQueryChanges) -> Sequence[int]:
    """The numbers of all emails that the query gives, in its order."""
    folders = await Folders.read(call, account_id)
    roster = await call.service.rosters.look(call.reading, folders.reader)
    asked = digest(ijson.encode((arguments.filter, arguments.sort, arguments.collapse_threads)))
    key = (folders.reader, roster.modseq, asked)
    kept = call.service.results.get(key)
    if kept is not None:
        return kept
    found = await Filter(call, folders, arguments.filter).match(roster)
    ordered = await _sorted(call, folders, roster, (found, arguments.sort))
    ids = _collapsed(ordered) if arguments.collapse_threads else [entry.email_id for entry in ordered]
    call.service.results.put(key, ids)
    return ids


def _collapsed(found: Sequence[Entry]) -> list[int]:
    """One email of each thread: the first, RFC 8621 §4.4.3."""
    first: dict[int, int] = {}
    for entry in found:
        first.setdefault(entry[2], entry[1])
    return list(first.values())


Key = Callable[[Entry], Any]
_OF_COLUMN: Final = {
    "from": Column.FIRST_FROM,
    "to": Column.FIRST_TO,
    "subject": Column.BASE_SUBJECT,
    "sentAt": Column.SENT,
    "hasAttachment": Column.ATTACHMENT,
}
_IN_ASCII: Final[Mapping[Column, Column]] = {
    Column.FIRST_FROM: Column.FIRST_FROM_ASCII,
    Column.FIRST_TO: Column.FIRST_TO_ASCII,
    Column.BASE_SUBJECT: Column.BASE_SUBJECT_ASCII,
}
_OF_ENTRY: Final[Mapping[str, Key]] = {"receivedAt": lambda entry: entry[0], "size": lambda entry: entry[3]}
_OF_KEYWORD: Final = ("hasKeyword", *THREADS)
_NEWEST_FIRST: Final = (Comparator(property="receivedAt", is_ascending=False),)


async def _sorted(
    call: Call, folders: Folders, roster: Roster, asked: tuple[list[Entry], Sequence[Comparator] | None]
) -> list[Entry]:
    """In the order of the comparators; where they are the same, newest first. Raises `unsupportedSort`, `invalidArguments`."""
    found, sort = asked
    comparators = comparators_of(sort or _NEWEST_FIRST, SORT_OPTIONS)
    for one in comparators:
        if one.property in _OF_KEYWORD and one.keyword is None:
            raise MethodError("invalidArguments", f"{one.property} needs a keyword", arguments=["sort"])
    found.reverse()
    if len(comparators) == 1 and comparators[0].property == "receivedAt":
        if comparators[0].is_ascending:
            found.reverse()
        return found  # a roster has this order
    for comparator in reversed(comparators):
        key = await _key(call, folders, roster, (comparator, found))
        found.sort(key=key, reverse=not comparator.is_ascending)
    return found


async def _key(
    call: Call, folders: Folders, roster: Roster, asked: tuple[Comparator, Sequence[Entry]]
) -> Key:
    comparator, found = asked
    if comparator.property in _OF_ENTRY:
        return _OF_ENTRY[comparator.property]
    if comparator.property in _OF_COLUMN:
        column = _OF_COLUMN[comparator.property]
        column = _IN_ASCII.get(column, column) if comparator.collation == ASCII else column
        ids = [entry.email_id for entry in found]
        values = await call.service.columns.values(call.store, folders.account_id, column, ids)
        nothing: Any = 0 if column in (Column.SENT, Column.ATTACHMENT) else ""
        return lambda entry: values.get(entry.email_id, nothing)
    keyword = (comparator.keyword or "").lower()
    if comparator.property == "hasKeyword":
        return lambda entry: keyword in entry.keywords
    return keyword_in_threads(roster, keyword, every=comparator.property == "allInThreadHaveKeyword")


METHODS: Final[Methods] = {
    "Email/query": Method(MAIL, EmailQuery, query),
    "Email/queryChanges": Method(MAIL, EmailQueryChanges, query_changes),
}
