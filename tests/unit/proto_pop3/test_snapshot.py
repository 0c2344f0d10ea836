import re

from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.pop3.snapshot import Snapshot


def test_marked_messages_are_not_counted_and_come_back() -> None:
    snapshot = Snapshot(1, [(4, 120), (9, 200), (10, 50)])
    snapshot.delete(2)
    assert (len(snapshot), snapshot.count, snapshot.octets) == (3, 2, 170)
    assert list(snapshot.scan_lines(1, 4)) == ["1 120", "3 50"]
    assert snapshot.deleted() == [2]
    snapshot.reset()
    assert (snapshot.count, snapshot.octets, snapshot.deleted()) == (3, 370, [])


def test_numbers_keep_their_uid() -> None:
    snapshot = Snapshot(0x5F, [(4, 120), (9, 200)])
    assert (snapshot.uid(2), snapshot.size(2), snapshot.unique_id(2)) == (9, 200, "0000005f00000009")
    assert list(snapshot.unique_id_lines(1, 3)) == ["1 0000005f00000004", "2 0000005f00000009"]


@given(st.integers(1, 2**32 - 1), st.sets(st.integers(1, 2**32 - 1), min_size=2, max_size=9))
def test_unique_ids_are_of_the_prescribed_form_and_differ(validity: int, uids: set[int]) -> None:
    snapshot = Snapshot(validity, [(uid, 1) for uid in sorted(uids)])
    ids = {snapshot.unique_id(number) for number in range(1, len(uids) + 1)}
    assert len(ids) == len(uids)
    assert all(re.fullmatch("[!-~]{1,70}", unique_id) for unique_id in ids)
