"""SORT and THREAD over a store."""

import pytest

from imap_stage import ImapStage
from postroom.serve.imap.conversation.orders import Orders
from postroom.store.emails import expunge

HOUR = 3_600_000_000


def letter(subject: str, hour: int | None, more: str = "", sender: str = "a@x.test", body: str = "") -> bytes:
    date = "" if hour is None else f"Date: Sun, 15 Jun 2025 {hour:02}:00:00 +0000\r\n"
    return f"From: {sender}\r\nSubject: {subject}\r\n{date}{more}\r\n{body}\r\n".encode()


async def _letters(stage: ImapStage) -> None:
    await stage.deliver(
        letter("banana", 5, "To: Zoe <a@z.test>\r\nCc: m@m.test\r\nMessage-ID: <1@x>\r\n", "carol@x.test"),
        internaldate=stage.now,
    )
    await stage.deliver(
        letter(
            "Re: Banana", 7, "To: b@b.test\r\nMessage-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\n", "Ann <zz@x.test>"
        ),
        internaldate=stage.now - 2 * HOUR,
    )
    await stage.deliver(
        letter("apple", 6, "Message-ID: <3@x>\r\n", "Bob@x.test", "longer " * 9),
        internaldate=stage.now - HOUR,
    )
    await stage.deliver(
        letter("=?utf-8?q?=C3=84pfel?=", None, "References: <1@x> <2@x>\r\n", ""),
        internaldate=stage.now + HOUR,
    )
    await stage.deliver(letter("[list] Re: apple (fwd)", 4, "References: <gone@x>\r\n", "alice@x.test"))


# Äpfel is decomposed: its A is followed by dots, which sort behind all ASCII letters (RFC 5051 §2).
ORDERS = [
    ("ARRIVAL", "2 3 1 5 4"),
    ("REVERSE ARRIVAL", "4 1 5 3 2"),
    ("DATE", "5 1 3 2 4"),
    ("REVERSE DATE", "4 2 3 1 5"),
    ("SUBJECT", "3 5 4 1 2"),
    ("SUBJECT DATE", "5 3 4 1 2"),
    ("SUBJECT REVERSE DATE", "3 5 4 2 1"),
    ("REVERSE SUBJECT DATE", "1 2 4 5 3"),
    ("FROM", "4 5 3 1 2"),
    ("DISPLAYFROM", "4 5 2 3 1"),
    ("TO", "3 4 5 1 2"),
    ("DISPLAYTO", "3 4 5 2 1"),
    ("CC", "2 3 4 5 1"),
    ("REVERSE CC REVERSE FROM", "1 2 3 5 4"),
]


@pytest.mark.parametrize(("order", "numbers"), ORDERS)
async def test_orders(stage: ImapStage, order: str, numbers: str) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    assert await bob.ok(f"SORT ({order}) UTF-8 ALL") == [f"* SORT {numbers}"]


DATES = (
    "10 Feb 2025",
    "10 Feb 2025 09:00:00 +0199",
    "10 Feb 2025 25:00:00 +0000",
    "soon",
    "10 Feb 2025 08:00:00 +0000",
)


async def test_a_date_that_is_not_quite_one(stage: ImapStage) -> None:
    for number, date in enumerate(DATES):
        sender = f"a@x.test\r\nDate: {date}\r\nMessage-ID: <{number}@x>"
        await stage.deliver(letter(f"letter {number}", None, sender=sender))
    bob = await stage.user(select="INBOX")
    assert await bob.ok("SORT (DATE) UTF-8 ALL") == ["* SORT 1 3 5 2 4"]
    assert await bob.ok("THREAD REFERENCES UTF-8 ALL") == ["* THREAD (1)(3)(5)(2)(4)"]
    assert await bob.ok("SEARCH SENTON 10-Feb-2025") == ["* SEARCH 1 2 3 5"]


GROUPS = [
    ("FROM", "1 3 2"),
    ("DISPLAYFROM", "1 3 2"),
    ("TO", "3 1 2"),
    ("DISPLAYTO", "3 1 2"),
    ("CC", "1 3 2"),
]


@pytest.mark.parametrize(("order", "numbers"), GROUPS)
async def test_a_group_stands_under_its_name(stage: ImapStage, order: str, numbers: str) -> None:
    groups = "To: =?utf-8?q?Undisclosed?=:;\r\nCc: Many: a@x.test;\r\n"
    await stage.deliver(letter("one", 1, "To: m@x.test\r\n", "n@x.test"))
    await stage.deliver(letter("two", 2, groups, "Them: a@x.test;"))
    await stage.deliver(letter("three", 3, "Cc: b@x.test\r\n", "o@x.test"))
    bob = await stage.user(select="INBOX")
    assert await bob.ok(f"SORT ({order}) UTF-8 ALL") == [f"* SORT {numbers}"]


async def test_sizes_and_other_forms(stage: ImapStage) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    assert (await bob.ok("SORT (REVERSE SIZE) US-ASCII ALL"))[0].startswith("* SORT 3 2 1")
    assert await bob.ok("SORT (SUBJECT) US-ASCII TEXT nothing") == ["* SORT"]
    assert await bob.ok("UID SORT (DATE) UTF-8 2:4") == ["* SORT 3 2 4"]
    assert await bob.ok("SORT RETURN () (DATE) UTF-8 ALL") == ['* ESEARCH (TAG "x") ALL 5,1,3,2,4']
    assert await bob.ok("UID SORT RETURN (MIN MAX COUNT) (DATE) UTF-8 ALL") == [
        '* ESEARCH (TAG "x") UID MIN 5 MAX 4 COUNT 5'
    ]
    assert await bob.ok("SORT RETURN (PARTIAL 2:4) (DATE) UTF-8 ALL") == [
        '* ESEARCH (TAG "x") PARTIAL (2:4 1,3,2)'
    ]
    assert await bob.ok("SORT RETURN (PARTIAL -1:-2) (DATE) UTF-8 ALL") == [
        '* ESEARCH (TAG "x") PARTIAL (-1:-2 2,4)'
    ]
    assert await bob.ok("SORT RETURN (SAVE) (DATE) UTF-8 2:3") == []
    assert await bob.ok("SEARCH $") == ["* SEARCH 2 3"]
    await bob.ok("SORT RETURN (SAVE MIN) (DATE) UTF-8 ALL")
    assert await bob.ok("SEARCH $") == ["* SEARCH 5"]
    assert " (MODSEQ " in (await bob.ok("SORT (DATE) UTF-8 MODSEQ 1"))[1]
    assert (await bob.say("x SORT (DATE) NONSENSE ALL"))[-1].startswith("x NO [BADCHARSET")
    for wrong in (
        "SORT () UTF-8 ALL",
        "SORT (NONSENSE) UTF-8 ALL",
        "SORT (DATE) ALL",
        "SORT (REVERSE) UTF-8 ALL",
    ):
        assert (await bob.say(f"x {wrong}"))[-1].startswith("x BAD")
    assert (await bob.say(f"x SORT ({' '.join(['DATE'] * 21)}) UTF-8 ALL"))[-1].startswith("x BAD")
    await bob.ok(f"SORT ({' '.join(['DATE'] * 20)}) UTF-8 ALL")


async def test_relevancy(stage: ImapStage) -> None:
    await stage.deliver(b"Subject: x\r\n\r\npickles and ketchup\r\n")
    await stage.deliver(b"Subject: x\r\n\r\nketchup and pickles\r\n")
    await stage.deliver(b"Subject: x\r\n\r\nketchup\r\n")
    bob = await stage.user(select="INBOX")
    assert await bob.ok('SEARCH RETURN (RELEVANCY ALL) FUZZY BODY "ketchup and pickles"') == [
        '* ESEARCH (TAG "x") ALL 1:2 RELEVANCY (50 100)'
    ]
    assert await bob.ok('SORT (RELEVANCY) UTF-8 FUZZY BODY "ketchup and pickles"') == ["* SORT 2 1"]
    assert await bob.ok('SEARCH BODY "ketchup and pickles"') == ["* SEARCH 2"]
    assert (await bob.say("x SORT (RELEVANCY) UTF-8 ALL"))[-1].startswith("x BAD")


async def test_threads(stage: ImapStage) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    assert await bob.ok("THREAD REFERENCES UTF-8 ALL") == ["* THREAD (1 2 4)(3 5)"]
    assert await bob.ok("UID THREAD REFS UTF-8 ALL") == ["* THREAD (5)(3)(1 2 4)"]
    assert await bob.ok("THREAD ORDEREDSUBJECT US-ASCII ALL") == ["* THREAD (5 3)(1 2)(4)"]
    assert await bob.ok("THREAD REFERENCES UTF-8 SUBJECT nothing") == ["* THREAD"]
    assert (await bob.say("x THREAD NONSENSE UTF-8 ALL"))[-1].startswith("x BAD")
    ref = bob.session._conversation.selected.ref
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(1, 1)], stage.now))
    await bob.ok("NOOP")
    assert await bob.ok("THREAD REFERENCES UTF-8 ALL") == ["* THREAD (2 4)(1 3)"]


async def test_what_came_later_is_sorted_in(stage: ImapStage) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    await bob.ok("SORT (DATE) UTF-8 ALL")
    await stage.deliver(letter("late", 3))
    await bob.ok("NOOP")
    assert await bob.ok("SORT (DATE) UTF-8 ALL") == ["* SORT 6 5 1 3 2 4"]


async def test_an_order_is_kept_for_the_messages_it_is_of(stage: ImapStage) -> None:
    await _letters(stage)
    orders, commands = Orders(), ("SORT (REVERSE DATE)", "THREAD REFERENCES", "UID THREAD REFERENCES")
    bob = await stage.user(select="INBOX", orders=orders)
    fresh = await stage.user(select="INBOX")
    for keys in ("ALL", "2:4", "NOT SUBJECT apple"):
        for command in commands:
            said = await fresh.ok(f"{command} UTF-8 {keys}")
            assert await bob.ok(f"{command} UTF-8 {keys}") == said
            before = orders.octets
            assert await bob.ok(f"{command} UTF-8 {keys}") == said
            assert orders.octets == before
    ref = bob.session._conversation.selected.ref
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(2, 2)], stage.now))
    await stage.deliver(letter("late", 3))
    for one in (bob, fresh):
        await one.ok("NOOP")
    for command in commands:
        assert await bob.ok(f"{command} UTF-8 ALL") == await fresh.ok(f"{command} UTF-8 ALL")
    assert await bob.ok("SORT (REVERSE DATE) UTF-8 ALL") == ["* SORT 3 2 1 4 5"]


async def test_relevancy_is_not_kept(stage: ImapStage) -> None:
    await stage.deliver(b"Subject: x\r\n\r\npickles and ketchup\r\n")
    await stage.deliver(b"Subject: x\r\n\r\nketchup and pickles\r\n")
    bob = await stage.user(select="INBOX", orders=Orders())
    assert await bob.ok('SORT (RELEVANCY) UTF-8 FUZZY BODY "ketchup and pickles"') == ["* SORT 2 1"]
    assert await bob.ok('SORT (RELEVANCY) UTF-8 FUZZY BODY "pickles and ketchup"') == ["* SORT 1 2"]


@pytest.mark.parametrize("order", [order.split()[-1] for order, _ in ORDERS[::3]])
async def test_a_message_that_has_gone_sorts_first(stage: ImapStage, order: str) -> None:
    """While the session still counts it, however many others were read with it."""
    await _letters(stage)
    bob, other = await stage.user(select="INBOX"), await stage.user(select="INBOX")
    await other.ok("UID STORE 2 +FLAGS (\\Deleted)")
    await other.ok("EXPUNGE")
    assert await bob.ok(f"SORT ({order}) UTF-8 2,5") == ["* SORT 2 5"]
