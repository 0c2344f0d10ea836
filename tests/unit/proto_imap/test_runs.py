"""Runs against a plain list."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.imap.runs import Runs
from postroom.proto.imap.sets import ranges_of

UIDS = st.lists(st.integers(1, 60), unique=True).map(sorted)


@given(UIDS, UIDS, UIDS)
def test_a_set_with_rank_and_selection(uids: list[int], gone: list[int], more: list[int]) -> None:
    runs = Runs(ranges_of(uids))
    runs.remove(gone)
    runs.add(ranges_of(more))
    left = sorted((set(uids) - set(gone)) | set(more))
    assert len(runs) == len(left)
    assert [uid for first, last in runs for uid in range(first, last + 1)] == left
    for uid in range(62):
        assert runs.rank(uid) == sum(1 for one in left if one <= uid)
        assert (uid in runs) == (uid in left)
    assert [runs.at(number) for number in range(1, len(left) + 1)] == left
    assert [uid for a, b in runs.within(10, 30) for uid in range(a, b + 1)] == [
        uid for uid in left if 10 <= uid <= 30
    ]
    runs.append(100, 101)
    assert runs.rank(101) == len(left) + 2


class Unwalked(Runs):
    """Fails when somebody goes through all runs."""

    def __iter__(self) -> Iterator[tuple[int, int]]:
        raise AssertionError


@given(UIDS, UIDS)
def test_what_fits_between_two_runs_is_put_there_without_a_walk_through_all(
    uids: list[int], more: list[int]
) -> None:
    runs = Unwalked(ranges_of(uids))
    left = sorted({*uids, *more})
    for uid in more:
        if uid not in uids:
            runs.add([(uid, uid)])
            assert uid in runs
            assert runs.rank(uid) <= len(left)
    assert [runs.at(number) for number in range(1, len(left) + 1)] == left
    assert [runs.rank(uid) for uid in left] == list(range(1, len(left) + 1))
