"""The standard methods: what /get, /changes, /set, /copy, /query and /queryChanges are called with, and how a window of results is found.

RFC 8620 §5. A type adds arguments by a struct of its own (`class EmailGet(Get): ...`). Not here: any type of data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.types import Arguments, Id, IdOrCreated, Int, Object, Positive, UnsignedInt

MAX_PROPERTIES: Final = 200  # that one call asks for of each object
MAX_CONDITIONS: Final = 200  # of one filter, operators included
MAX_FILTER_DEPTH: Final = 32  # operators in each other
MAX_COMPARATORS: Final = 16  # of one sort


class Get(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.1."""

    account_id: Id
    ids: list[IdOrCreated] | None = None
    properties: list[str] | None = None


class Changes(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.2."""

    account_id: Id
    since_state: str
    max_changes: Positive | None = None


class Set(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.3."""

    account_id: Id
    if_in_state: str | None = None
    create: dict[Id, Object] | None = None
    update: dict[IdOrCreated, Object] | None = None
    destroy: list[IdOrCreated] | None = None

    @property
    def size(self) -> int:
        """How many objects it touches."""
        return len(self.create or ()) + len(self.update or ()) + len(self.destroy or ())


class Copy(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.4."""

    from_account_id: Id
    account_id: Id
    create: dict[Id, Object]
    if_from_in_state: str | None = None
    if_in_state: str | None = None
    on_success_destroy_original: bool = False
    destroy_from_if_in_state: str | None = None


class Comparator(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One level of a sort. `keyword` is for those of RFC 8621 §4.4.2."""

    property: str
    is_ascending: bool = True
    collation: str | None = None
    keyword: str | None = None


class Query(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.5."""

    account_id: Id
    filter: Object | None = None
    sort: list[Comparator] | None = None
    position: Int = 0
    anchor: Id | None = None
    anchor_offset: Int = 0
    limit: UnsignedInt | None = None
    calculate_total: bool = False


class QueryChanges(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.6."""

    account_id: Id
    since_query_state: str
    filter: Object | None = None
    sort: list[Comparator] | None = None
    max_changes: UnsignedInt | None = None
    up_to_id: Id | None = None
    calculate_total: bool = False


class Operator(msgspec.Struct, frozen=True):
    """A FilterOperator: AND, OR, NOT over operators and conditions."""

    operator: str
    conditions: list[Operator | Object]


def read_filter(given: Object | None) -> Operator | Object | None:
    """The tree of a filter, its conditions as they were given. Raises `MethodError`. Iterative, and bounded."""
    if given is None:
        return None
    top: list[Operator | Object] = []
    waiting: list[tuple[Any, list[Operator | Object], int]] = [(given, top, 1)]
    count = 0
    while waiting:
        node, place, depth = waiting.pop()
        count += 1
        if count > MAX_CONDITIONS or depth > MAX_FILTER_DEPTH:
            words = f"a filter has at most {MAX_CONDITIONS} conditions, {MAX_FILTER_DEPTH} deep in each other"
            raise MethodError("unsupportedFilter", words)
        if not isinstance(node, dict):
            raise MethodError(
                "invalidArguments", "a condition of a filter is an object", arguments=["filter"]
            )
        if "operator" not in node:
            place.append(node)
            continue
        below = _operands(node)
        operator = Operator(node["operator"], [])
        place.append(operator)
        waiting += [(one, operator.conditions, depth + 1) for one in reversed(below)]
    return top[0]


def _operands(node: Object) -> list[Any]:
    below = node.get("conditions")
    if node["operator"] not in ("AND", "OR", "NOT") or not isinstance(below, list) or len(node) != 2:
        words = "an operator of a filter is AND, OR or NOT, with conditions and nothing else"
        raise MethodError("invalidArguments", words, arguments=["filter"])
    return below


class Window(msgspec.Struct, frozen=True):
    """Which part of all results is wanted: from `position` (0-based, clamped) on, at most `limit`."""

    position: int
    limit: int


def window(query: Query, total: int, anchor_at: int | None, most: int) -> Window:
    """The part that a query asks for; `anchor_at` is where its anchor is among `total` results, None for nowhere. Raises `anchorNotFound`."""
    if query.anchor is not None:
        if anchor_at is None:
            raise MethodError("anchorNotFound", "the anchor is not among the results")
        position = max(0, anchor_at + query.anchor_offset)
    else:
        position = query.position if query.position >= 0 else max(0, total + query.position)
    return Window(position, most if query.limit is None else min(query.limit, most))


def each_once(properties: Sequence[str], argument: str = "properties") -> tuple[str, ...]:
    """The names that are asked for; raises `invalidArguments` for too many: each costs work for each object."""
    names = tuple(dict.fromkeys(properties))
    if len(names) > MAX_PROPERTIES:
        raise MethodError(
            "invalidArguments", f"at most {MAX_PROPERTIES} properties are taken", arguments=[argument]
        )
    return names


def wanted(properties: Sequence[str] | None, known: Sequence[str]) -> Sequence[str]:
    """The properties that are asked for, all of `known` when none are named, `id` always among them. Raises `invalidArguments`."""
    if properties is None:
        return known
    names = each_once(properties)
    for name in names:
        if name not in known:
            raise MethodError(
                "invalidArguments", f"there is no property {name[:100]!r}", arguments=["properties"]
            )
    return tuple(dict.fromkeys(("id", *names)))
