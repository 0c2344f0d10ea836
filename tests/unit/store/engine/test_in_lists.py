from hypothesis import given
from hypothesis import strategies as st

from postroom.store.engine.in_lists import CHUNK, chunks, placeholders


@given(st.lists(st.integers(0, 1000), max_size=200))
def test_chunks_are_full_and_hold_everything(values):
    parts = chunks(values)
    assert all(len(part) == CHUNK for part in parts)
    assert sorted({value for part in parts for value in part}) == sorted(set(values))


def test_placeholders():
    assert placeholders(3, 2) == "$2, $3, $4"
