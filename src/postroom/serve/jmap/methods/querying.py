"""How /query and /queryChanges are done for a type whose objects are few enough to be looked at one by one.

RFC 8620 §5.5, §5.6. The state of a query is that of its type; what was made or changed since is told as removed and added again. Not here: emails,
of which there may be a million (`serve.jmap.mail.email_query`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from postroom.message.encodings.casemap import casemap
from postroom.proto.jmap.capabilities import COLLATIONS
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import MAX_COMPARATORS, Comparator, Operator, Query, QueryChanges, window
from postroom.proto.jmap.types import Object, parse_utc_date

T = TypeVar("T")
C = TypeVar("C", bound=msgspec.Struct)
Condition = Callable[[T], bool]
Key = Callable[[T], Any]

MOST_IDS: Final = 5_000  # of one answer to a query


def condition_of(given: Object, kind: type[C]) -> C:
    """A FilterCondition as the struct of its type. Raises `unsupportedFilter` for a property that there is not, else `invalidArguments`."""
    try:
        return msgspec.convert(given, kind, strict=True)
    except msgspec.ValidationError as error:
        wrong = "unsupportedFilter" if "unknown field" in str(error) else "invalidArguments"
        raise MethodError(wrong, f"filter: {error}", arguments=["filter"]) from error


def moment_of(text: str) -> int:
    """The unix microseconds of a UTCDate in a FilterCondition. Raises `invalidArguments`."""
    moment = parse_utc_date(text)
    if moment is None:
        raise MethodError("invalidArguments", f"{text[:40]!r} is no UTCDate", arguments=["filter"])
    return moment


def comparators_of(sort: Sequence[Comparator] | None, known: Collection[str]) -> list[Comparator]:
    """The comparators of a sort, which are of properties that are known. Raises `unsupportedSort`."""
    comparators = list(sort or ())
    if len(comparators) > MAX_COMPARATORS:
        raise MethodError("unsupportedSort", f"a sort has at most {MAX_COMPARATORS} comparators")
    for one in comparators:
        if one.property not in known:
            raise MethodError("unsupportedSort", f"nothing is sorted by {one.property[:100]!r}")
        if one.collation is not None and one.collation not in COLLATIONS:
            raise MethodError("unsupportedSort", f"there is no collation {one.collation[:100]!r}")
    return comparators


def predicate(tree: Operator | Object | None, condition: Callable[[Object], Condition[T]]) -> Condition[T]:
    """Whether an object matches a filter; `condition` makes a test of one condition, or raises `MethodError`."""
    if tree is None:
        return lambda _one: True
    if not isinstance(tree, Operator):
        return condition(tree)
    tests = [predicate(below, condition) for below in tree.conditions]  # as deep as `read_filter` lets it be
    if tree.operator == "AND":
        return lambda one: all(test(one) for test in tests)
    if tree.operator == "OR":
        return lambda one: any(test(one) for test in tests)
    return lambda one: not any(test(one) for test in tests)


def ordered(found: Sequence[T], sort: Sequence[Comparator] | None, keys: Mapping[str, Key[T]]) -> list[T]:
    """In the order of the comparators; `found` has a stable order of its own. Raises `unsupportedSort`."""
    result = list(found)
    for comparator in reversed(comparators_of(sort, keys)):  # a stable sort by each, the last one first
        result.sort(key=_collated(keys[comparator.property], comparator), reverse=not comparator.is_ascending)
    return result


def _collated(key: Key[T], comparator: Comparator) -> Key[T]:
    """What an object is sorted by: texts by their collation, which other values do not have."""
    fold = COLLATIONS.get(comparator.collation or "", casemap)

    def collated(one: T) -> Any:
        value = key(one)
        return fold(value) if isinstance(value, str) else value

    return collated


def as_tree(found: Sequence[T], parent: Callable[[T], Any], own: Callable[[T], Any]) -> list[T]:
    """The same order among siblings, each followed by what lies below it."""
    below: dict[Any, list[T]] = {}
    there = {own(one) for one in found}
    for one in found:
        above = parent(one)
        below.setdefault(above if above in there else None, []).append(one)
    result: list[T] = []
    waiting = list(reversed(below.get(None, ())))
    while waiting:
        one = waiting.pop()
        result.append(one)
        waiting += reversed(below.get(own(one), ()))
    return result


def answered(arguments: Query, state: object, ids: Sequence[T], anchor: T | None) -> Object:
    """The response to a /query that has these results in all; `anchor` is the argument in the form of the results."""
    part = window(arguments, len(ids), index_of(ids, anchor), MOST_IDS)
    told: Object = {
        "accountId": arguments.account_id,
        "queryState": str(state),
        "canCalculateChanges": True,
        "position": part.position,
        "ids": list(ids[part.position : part.position + part.limit]),
    }
    if arguments.calculate_total:
        told["total"] = len(ids)
    if arguments.limit is None or arguments.limit > part.limit:
        told["limit"] = part.limit
    return told


def changed(
    arguments: QueryChanges,
    state: object,
    ids: Sequence[T],
    touched: Sequence[T],
    *,
    id_of: Callable[[T], str],
) -> Object:
    """The response to a /queryChanges: `touched` are all objects that were made, changed or removed since."""
    again = set(touched)
    added = [{"id": id_of(one), "index": index} for index, one in enumerate(ids) if one in again]
    removed = [id_of(one) for one in dict.fromkeys(touched)]
    told: Object = {
        "accountId": arguments.account_id,
        "oldQueryState": arguments.since_query_state,
        "newQueryState": str(state),
        "removed": removed,
        "added": added,
    }
    if arguments.calculate_total:
        told["total"] = len(ids)
    return told


def up_to(told: Object, last: int | None) -> Object:
    """The response to a /queryChanges without what lies behind the index of its `upToId`, None for everything (RFC 8620 §5.6).

    Only for what neither looks at nor is sorted by anything that can change.
    """
    if last is None:
        return told
    behind = {one["id"] for one in told["added"] if one["index"] > last}
    added = [one for one in told["added"] if one["index"] <= last]
    return {**told, "removed": [one for one in told["removed"] if one not in behind], "added": added}


def index_of(found: Sequence[T], one: T | None) -> int | None:
    """Where something is among results; None for nowhere."""
    return found.index(one) if one is not None and one in found else None


def not_too_many(told: Object, arguments: QueryChanges) -> Object:
    """The response to a /queryChanges, when the client takes as many. Raises `tooManyChanges`."""
    if (
        arguments.max_changes is not None
        and len(told["added"]) + len(told["removed"]) > arguments.max_changes
    ):
        raise MethodError("tooManyChanges")
    return told
