from itertools import count

import pytest

from postroom.message.journey.events import Accepted, Handled, Hop, HopKind
from postroom.store import journal
from postroom.store.engine.ids import first_of
from postroom.store.journal import JournalRow, Journey, Link, Note

NOW = 1_750_000_000_000_000
HOUR = 3_600_000_000
DIALOGUE = Hop(HopKind.RECEIVED, NOW, [Accepted(3, "alice@crepes.test", ["bob@hamburger.test"], 5)])


def row(accept_id, hop_id, hop=DIALOGUE):
    return accept_id, hop_id, hop


async def write(engine, *rows):
    for one in rows:
        await engine.write(lambda tx, one=one: journal.append(tx, *one))


async def test_hops_come_back_in_their_order(engine):
    read = Hop(HopKind.READ, NOW + HOUR, [Handled(0, "retrieved", "bob@hamburger.test")])
    await write(engine, row(1, 20, read), row(1, 10), row(2, 15))
    found = await journal.read(engine.reading(), 1)
    assert [one.hop_id for one in found] == [10, 20]
    assert found[0] == JournalRow(1, 10, "received", NOW, DIALOGUE.pack())
    assert found[1].hop().events == read.events
    assert (found[1].kind, found[1].at) == ("read", NOW + HOUR)


async def test_an_unknown_journey_has_no_hops(engine):
    assert await journal.read(engine.reading(), 1) == []


async def test_the_youngest_journeys_come_first(engine):
    await write(engine, row(1, 1), row(2, 2), row(2, 3), row(5, 4))
    found = await journal.last(engine.reading(), 2)
    assert found == [Journey(5, NOW, 1), Journey(2, NOW, 2)]
    assert [one.accept_id for one in await journal.last(engine.reading(), 2, before=2)] == [1]


async def test_an_email_knows_its_journeys(engine):
    async def link(tx):
        for to in (Link(9, 0), Link(7, 2), Link(9, 0)):
            await journal.link(tx, 1, 5, to.accept_id, to.rcpt)
        await journal.link(tx, 1, 6, 8, 0)

    await engine.write(link)
    tx = engine.reading()
    assert await journal.of_email(tx, 1, 5) == [Link(7, 2), Link(9, 0)]
    assert await journal.of_email(tx, 2, 5) == []
    assert await journal.of_email(tx, 1, 6) == [Link(8, 0)]


async def test_what_was_done_with_emails_is_noted_in_their_journeys(engine):
    async def work(tx):
        for email_id, accept_id in ((5, 7), (5, 9), (6, 8)):
            await journal.link(tx, 1, email_id, accept_id, 0)
        await journal.note(
            tx, [Note(1, email, 20 + email, "read", NOW, b"%d" % email) for email in (5, 6, 4)]
        )

    await engine.write(work)
    tx = engine.reading()
    assert await journal.read(tx, 7) == [JournalRow(7, 25, "read", NOW, b"5")]
    assert await journal.read(tx, 8) == [JournalRow(8, 26, "read", NOW, b"6")]
    assert await journal.read(tx, 9) == []


async def test_more_notes_than_one_statement_holds(engine):
    count = 2 * journal.NOTES_AT_ONCE + 1

    async def work(tx):
        for email_id in range(1, count + 1):
            await journal.link(tx, 1, email_id, 1000 + email_id, 0)
        await journal.note(tx, [Note(1, email, email, "read", NOW, b"") for email in range(1, count + 1)])

    await engine.write(work)
    found = await journal.last(engine.reading(), count + 1)
    assert [(one.accept_id, one.hops) for one in found] == [(1000 + n, 1) for n in range(count, 0, -1)]


async def test_old_journeys_go_in_slices(engine):
    old = [first_of(NOW) + number for number in range(5)]
    young = first_of(NOW + HOUR)
    ids = count(1)
    await write(engine, *(row(accept_id, next(ids)) for accept_id in (*old, young) for _ in (1, 2)))
    taken = [await engine.write(lambda tx: journal.prune(tx, NOW + HOUR, 2)) for _ in range(4)]
    assert taken == [2, 2, 1, 0]
    assert [one.accept_id for one in await journal.last(engine.reading(), 9)] == [young]


@pytest.mark.parametrize(("limit", "taken"), [(2, 2), (9, 3)])
async def test_old_links_go_in_slices(engine, limit, taken):
    async def link(tx):
        for number in range(4):
            await journal.link(tx, 1, number, first_of(NOW + number * HOUR), 0)
        await journal.link(tx, 2, 0, first_of(NOW), 0)

    await engine.write(link)
    assert await engine.write(lambda tx: journal.prune_links(tx, 1, NOW + 3 * HOUR, limit)) == taken
    assert await journal.of_email(engine.reading(), 2, 0) == [Link(first_of(NOW), 0)]


async def test_hops_of_one_kind_slice_by_slice(engine):
    read = Hop(HopKind.READ, NOW, [Handled(0, "retrieved", "bob@hamburger.test")])
    await write(engine, row(1, 1), row(1, 2, read), row(2, 3), row(2, 5), row(3, 4))
    tx, after, seen = engine.reading(), (0, 0), []
    while rows := await journal.of_kind(tx, HopKind.RECEIVED, after, 2):
        after = (rows[-1].accept_id, rows[-1].hop_id)
        seen += [(one.accept_id, one.hop_id) for one in rows]
    assert seen == [(1, 1), (2, 3), (2, 5), (3, 4)]
    assert [one.hop().events for one in await journal.of_kind(tx, HopKind.READ, (0, 0), 5)] == [read.events]
