"""Arguments, filters, windows, patches, states and dates (RFC 8620 §1, §5)."""

import pytest

from postroom.proto.jmap import patch, types
from postroom.proto.jmap.errors import MethodError, Refused
from postroom.proto.jmap.standard import (
    MAX_CONDITIONS,
    MAX_FILTER_DEPTH,
    MAX_PROPERTIES,
    Get,
    Query,
    read_filter,
    wanted,
    window,
)
from postroom.proto.jmap.state import Changed, State, read_state, tell


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, None),
        ({"accountId": 1}, "accountId"),
        ({"accountId": "a", "ids": ["a b"]}, "ids"),
        ({"accountId": "a", "foo": 1}, None),
    ],
)
def test_arguments_that_are_wrong(arguments: dict[str, object], named: str | None) -> None:
    with pytest.raises(MethodError) as caught:
        types.take(arguments, Get)
    assert caught.value.kind == "invalidArguments"
    assert caught.value.more.get("arguments") == ([named] if named else None)


def nested(depth: int) -> dict[str, object]:
    given: dict[str, object] = {"text": "x"}
    for _ in range(depth - 1):
        given = {"operator": "NOT", "conditions": [given]}
    return given


def test_filters() -> None:
    tree = read_filter(
        {"operator": "OR", "conditions": [{"a": 1}, {"operator": "NOT", "conditions": [{"b": 2}]}]}
    )
    assert tree.operator == "OR"
    assert tree.conditions[0] == {"a": 1}
    assert tree.conditions[1].conditions == [{"b": 2}]
    assert read_filter(None) is None


@pytest.mark.parametrize(
    "given",
    [
        {"operator": "XOR", "conditions": []},
        {"operator": "AND"},
        {"operator": "AND", "conditions": [1]},
        {"operator": "AND", "conditions": [], "x": 1},
    ],
)
def test_filters_that_are_none(given: dict[str, object]) -> None:
    with pytest.raises(MethodError) as caught:
        read_filter(given)
    assert caught.value.kind == "invalidArguments"


def test_limits_of_filters() -> None:
    read_filter(nested(MAX_FILTER_DEPTH))
    read_filter({"operator": "OR", "conditions": [{"a": 1}] * (MAX_CONDITIONS - 1)})
    for given in (
        nested(MAX_FILTER_DEPTH + 1),
        nested(5000),
        {"operator": "OR", "conditions": [{"a": 1}] * MAX_CONDITIONS},
    ):
        with pytest.raises(MethodError) as caught:
            read_filter(given)
        assert caught.value.kind == "unsupportedFilter"


@pytest.mark.parametrize(
    ("given", "total", "anchor_at", "position"),
    [
        ({}, 10, None, 0), ({"position": 3}, 10, None, 3), ({"position": -3}, 10, None, 7), ({"position": -30}, 10, None, 0),
        ({"position": 30}, 10, None, 30), ({"anchor": "a", "position": 2}, 10, 5, 5), ({"anchor": "a", "anchor_offset": -2}, 10, 5, 3),
        ({"anchor": "a", "anchor_offset": -9}, 10, 5, 0), ({"anchor_offset": 4}, 10, None, 0),
    ],
)  # fmt: skip
def test_windows(given: dict[str, object], total: int, anchor_at: int | None, position: int) -> None:
    assert window(Query(account_id="a", **given), total, anchor_at, 50).position == position  # type: ignore[arg-type]


def test_an_anchor_that_is_not_there() -> None:
    with pytest.raises(MethodError) as caught:
        window(Query(account_id="a", anchor="x"), 10, None, 50)
    assert caught.value.kind == "anchorNotFound"


def test_the_limit_of_a_window() -> None:
    assert window(Query(account_id="a"), 10, None, 50).limit == 50
    assert window(Query(account_id="a", limit=51), 10, None, 50).limit == 50
    assert window(Query(account_id="a", limit=0), 10, None, 50).limit == 0


def test_properties() -> None:
    assert wanted(None, ("id", "a", "b")) == ("id", "a", "b")
    assert wanted(["b"], ("id", "a", "b")) == ("id", "b")
    with pytest.raises(MethodError):
        wanted(["c"], ("id", "a", "b"))
    many = [f"p{n}" for n in range(MAX_PROPERTIES)]
    assert wanted(many * 2, ("id", *many)) == ("id", *many)
    with pytest.raises(MethodError):
        wanted([*many, "a"], ("id", "a", *many))


def test_patches() -> None:
    current = {"a": 1, "b": {"c": {"d": 1}}, "x/y": 2}
    patched = patch.apply(current, {"a": None, "b/c/e": 5, "x~1y": 3, "z": [1]}, {"a": 7})
    assert patched == {"a": 7, "b": {"c": {"d": 1, "e": 5}}, "x/y": 3, "z": [1]}
    assert current == {"a": 1, "b": {"c": {"d": 1}}, "x/y": 2}
    assert patch.apply(current, {"b/c/d": None, "b/c/nothing": None}, {}) == {
        "a": 1,
        "b": {"c": {}},
        "x/y": 2,
    }


@pytest.mark.parametrize(
    "given", [{"b": 1, "b/c": 2}, {"a/b": 1}, {"n/b": 1}, {"l/0": 1}, {"b~2": 1}, {"/".join("a" * 33): 1}]
)
def test_patches_that_are_wrong(given: dict[str, object]) -> None:
    with pytest.raises(Refused) as caught:
        patch.apply({"a": 1, "b": {"c": 1}, "l": [1]}, given, {})
    assert caught.value.error.kind == "invalidPatch"


@pytest.mark.parametrize(
    ("patched", "named"),
    [
        ({"id": "1", "name": "new", "note": None}, []),
        ({"id": "1", "name": "old"}, []),
        ({"id": "2", "name": "old"}, ["id"]),
        ({"name": "old"}, ["id"]),
        ({"id": "1", "name": "old", "other": 1}, ["other"]),
        ({"id": "1", "name": "old", "other": None}, []),
    ],
)
def test_what_a_client_may_not_set(patched: dict[str, object], named: list[str]) -> None:
    """RFC 8620 §5.3: what only the server sets may be there, with the value that it has; null is the same as nothing."""
    current = {"id": "1", "name": "old", "note": None}
    assert patch.changed_beside(current, patched, {"name"}) == named


def test_limit_of_patches() -> None:
    assert len(patch.paths({f"k/{n}": True for n in range(patch.MAX_PATCHES)})) == patch.MAX_PATCHES
    with pytest.raises(Refused):
        patch.paths({f"k/{n}": True for n in range(patch.MAX_PATCHES + 1)})


def test_states() -> None:
    assert str(State(5)) == "5"
    middle = State(5).within(8, 77)
    assert str(middle) == "8-77-5"
    assert read_state("8-77-5", floor=3, newest=9) == middle
    assert str(middle.within(9, 1)) == "9-1-5"
    assert read_state("8-9223372036854775807-5", floor=3, newest=9).record == (1 << 63) - 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "5-",
        "-5",
        "5-1",
        "10",
        "2",
        "5-1-6",
        "8-7-2",
        "00000000000000000000",
        "٥",
        "8-9223372036854775808-5",
    ],
)
def test_states_of_other_servers(text: str) -> None:
    with pytest.raises(MethodError) as caught:
        read_state(text, floor=3, newest=9)
    assert caught.value.kind == "cannotCalculateChanges"


def test_what_changes_are_to_a_client() -> None:
    changes = [
        Changed(6, 1, 6, False),
        Changed(7, 2, 4, False),
        Changed(8, 3, 2, True),
        Changed(9, 4, 6, True),
    ]
    told = tell(State(5), changes)
    assert (told.created, told.updated, told.destroyed) == ([1], [2], [3])
    told = tell(State(5).within(5, 1), changes)
    assert (told.created, told.updated, told.destroyed) == ([1], [2], [3, 4])


def test_dates() -> None:
    assert types.utc_date(1_414_765_921_000_000) == "2014-10-31T14:32:01Z"
    for second, written in (
        (types.FIRST_SECOND, "0001-01-01T00:00:00Z"),
        (types.FIRST_SECOND - 1, "0001-01-01T00:00:00Z"),
        (types.LAST_SECOND, "9999-12-31T23:59:59Z"),
        (types.LAST_SECOND + 1, "9999-12-31T23:59:59Z"),
    ):
        assert types.utc_date(second * 1_000_000) == written
    assert types.parse_utc_date("2014-10-31T14:32:01Z") == 1_414_765_921_000_000
    assert types.parse_date("2014-10-31T15:32:01+01:00") == 1_414_765_921_000_000
    assert types.parse_utc_date("2014-10-31T14:32:01.5Z") == 1_414_765_921_500_000
    for wrong in (
        "2014-10-31T14:32:01+00:00",
        "2014-10-31t14:32:01z",
        "2014-10-31T14:32:01.0Z",
        "2014-13-31T14:32:01Z",
        5,
        "٢٠١٤-10-31T14:32:01Z",
    ):
        assert types.parse_utc_date(wrong) is None
