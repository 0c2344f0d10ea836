from hypothesis import given
from hypothesis import strategies as st

from postroom.store.mailboxes.counts import Tally


@given(st.lists(st.tuples(st.integers(0, 31), st.sampled_from(["", "a", "a b"]), st.integers(0, 99))))
def test_what_comes_and_goes_leaves_nothing(copies):
    tally = Tally()
    for flags, keywords, size in copies:
        tally.add(flags, keywords, size)
    for flags, keywords, size in copies:
        tally.add(flags, keywords, size, -1)
    assert (tally.total, tally.unseen, tally.deleted, tally.octets) == (0, 0, 0, 0)
    assert not any(tally.keywords.values())
