import pytest

from postroom.proto.pop3.events import Retrieve, Update
from postroom.proto.pop3.replies import Replies
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.transaction import STRETCH, Transaction


def opened(sizes: tuple[int, ...] = (120, 200)) -> Transaction:
    return Transaction(Replies(), Snapshot(1, [(10 + index, size) for index, size in enumerate(sizes)]))


def said(transaction: Transaction) -> list[str]:
    return transaction._replies.take().decode().splitlines()


def test_the_maildrop_is_described() -> None:
    transaction = opened()
    transaction.stat([])
    transaction.scan([])
    transaction.scan([b"2"])
    transaction.unique_ids([b"2"])
    transaction.unique_ids([])
    assert said(transaction) == [
        "+OK 2 320", "+OK 2 messages (320 octets)", "1 120", "2 200", ".", "+OK 2 200", "+OK 2 000000010000000b", "+OK Unique-ids follow",
        "1 000000010000000a", "2 000000010000000b", ".",
    ]  # fmt: skip


def test_an_empty_maildrop_is_no_error() -> None:
    transaction = opened(())
    for command in (transaction.stat, transaction.scan, transaction.unique_ids):
        assert command([]) is None
    assert said(transaction) == [
        "+OK 0 0", "+OK 0 messages (0 octets)", ".", "+OK Unique-ids follow", ".",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "number", [b"-1", b"1_0", b"+1", b"01_", b"1.0", b"0x1", b"\xd9\xa1", b"1" * 11, b"*", b"a"]
)
def test_a_number_is_decimal_digits(number: bytes) -> None:
    transaction = opened()
    for command in (transaction.scan, transaction.unique_ids, transaction.retr, transaction.dele):
        assert command([number]) is None
    assert transaction.top([number, b"1"]) is None
    assert transaction.top([b"1", number]) is None or number == b"1" * 10
    assert all(line.startswith("-ERR Not a number: ") for line in said(transaction))
    assert transaction.snapshot.deleted() == []


@pytest.mark.parametrize("number", [b"0", b"3", b"9999999999"])
def test_a_number_beyond_the_maildrop_is_refused(number: bytes) -> None:
    transaction = opened()
    for command in (transaction.scan, transaction.unique_ids, transaction.retr, transaction.dele):
        assert command([number]) is None
    assert set(said(transaction)) == {"-ERR no such message, only 2 messages in maildrop"}


def test_content_has_to_come_from_outside() -> None:
    transaction = opened()
    assert transaction.retr([b"2"]) == Retrieve(2, 11, 200)
    assert transaction.top([b"1", b"999999999"]) == Retrieve(1, 10, 120, 999_999_999)
    assert transaction.retr([b"01"]) == Retrieve(1, 10, 120)


def test_a_marked_message_is_out_of_reach_until_rset() -> None:
    transaction = opened()
    transaction.dele([b"1"])
    for command in (transaction.dele, transaction.retr, transaction.scan, transaction.unique_ids):
        assert command([b"1"]) is None
    assert said(transaction) == ["+OK message 1 deleted", *["-ERR message 1 already deleted"] * 4]
    assert transaction.update() == Update((1,), (10,))
    transaction.rset([])
    assert said(transaction) == ["+OK maildrop has 2 messages (320 octets)"]
    assert transaction.update() is None


@pytest.mark.parametrize("count", [STRETCH - 1, STRETCH, STRETCH + 1, 3 * STRETCH])
def test_a_long_listing_is_written_in_stretches(count: int) -> None:
    transaction = opened((7,) * count)
    transaction.scan([])
    lines = said(transaction)
    while transaction.listing:
        transaction.list_on()
        lines += said(transaction)
    assert lines == [
        f"+OK {count} messages ({7 * count} octets)",
        *[f"{n} 7" for n in range(1, count + 1)],
        ".",
    ]
