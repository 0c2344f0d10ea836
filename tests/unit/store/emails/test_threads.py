import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.store.emails import threads

H = {letter: threads.message_id_hash(f"{letter}@x", "soup") for letter in "abcdefg"}


async def join(account, email_id, letters):
    return await account.engine.write(
        lambda tx: threads.join(tx, account.account_id, email_id, [H[letter] for letter in letters])
    )


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        (["a", "ba", "cba"], [1, 1, 1]),
        (["cba", "ba", "a"], [1, 1, 1]),  # the reply came first
        (["a", "b", "cba"], [1, 2, 2]),  # the nearest ancestor's thread; threads do not merge
        (["a", "b", "cba", "dca"], [1, 2, 2, 2]),
        (["a", "a"], [1, 1]),  # the same message twice
        (["", ""], [1, 2]),
        (["ab", "b"], [1, 1]),
    ],
)
async def test_who_belongs_together(account, arrivals, expected):
    assert [await join(account, number, letters) for number, letters in enumerate(arrivals, 1)] == expected


async def test_many_references_are_cut(account):
    many = [threads.message_id_hash(f"{number}@x", "") for number in range(100)]
    await account.engine.write(lambda tx: threads.join(tx, 1, 5, many))
    kept = await account.rows("SELECT COUNT(*) FROM msgid_refs")
    assert kept == [(threads.MAX_REFERENCES + 1,)]


@given(st.text(), st.text())
def test_hashes_fit_in_a_column(message_id, subject):
    assert 0 <= threads.message_id_hash(message_id, subject) < 1 << 63


def test_the_hash_tells_where_the_id_ends():
    assert threads.message_id_hash("ab", "c") != threads.message_id_hash("a", "bc")
