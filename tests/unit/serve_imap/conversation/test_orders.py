"""Orders that are kept."""

from postroom.serve.imap.conversation.orders import MAX_ORDERS, MAX_RANGES, Orders, asked, packed, unpacked
from postroom.store.mailboxes.rights import MailboxRef

BOX = MailboxRef(1, 2)


def test_an_order_is_named_by_its_messages() -> None:
    orders = Orders()
    name = asked(BOX, "date", [(1, 3)])
    orders.put(name, packed([2, 3, 1]))
    assert unpacked(orders.get(asked(MailboxRef(1, 2, 7), "date", [(1, 3)])) or b"") == [2, 3, 1]
    others = (
        asked(BOX, "date", [(1, 4)]),
        asked(BOX, "date", [(1, 1), (3, 3)]),
        asked(BOX, "size", [(1, 3)]),
        asked(BOX, "date", [(1, 3)], [(1, 3)]),
        asked(MailboxRef(1, 3), "date", [(1, 3)]),
    )
    assert [orders.get(other) for other in others] == [None] * len(others)
    assert unpacked(packed([(1 << 32) - 1])) == [(1 << 32) - 1]


def test_what_was_not_asked_for_longest_goes() -> None:
    orders, value = Orders(most=10_000), b"x" * 2000
    names = [asked(BOX, number, [(1, 3)]) for number in range(4)]
    for name in names[:3]:
        orders.put(name, value)
    assert orders.get(names[0]) == value
    orders.put(names[3], value)
    assert [orders.get(name) for name in names] == [value, None, value, value]
    before = orders.octets
    orders.put(names[3], value)
    assert orders.octets == before <= 10_000


def test_a_value_takes_at_most_half_of_the_room() -> None:
    orders = Orders()
    name = asked(BOX, "date", [(1, 3)], [(1, 3)])
    orders.put(name, b"x" * (MAX_ORDERS // 2))
    assert (orders.get(name), orders.octets) == (None, 0)
    most = MAX_ORDERS // 2 - (500 + 2 * 150)
    orders.put(name, b"x" * (most + 1))
    assert orders.get(name) is None
    orders.put(name, b"x" * most)
    assert len(orders.get(name) or b"") == most
    assert orders.octets == MAX_ORDERS // 2


def test_scattered_messages_are_not_kept() -> None:
    ranges = [(uid, uid) for uid in range(1, 2 * MAX_RANGES, 2)]
    assert asked(BOX, "date", ranges) is not None
    orders, none = Orders(), asked(BOX, "date", [*ranges, (1 << 20, 1 << 20)])
    orders.put(none, b"x")
    assert (none, orders.get(none), orders.octets) == (None, None, 0)
