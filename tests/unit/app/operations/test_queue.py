"""The queue is listed and handled by filters; what is done is in each message's journey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from offices import NOW, ROOT, TestOffice
from others_turns import others_turns
from postroom.app.control import Request
from postroom.app.operations.table import perform
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Handled, Outcome
from postroom.store import journal
from postroom.store.engine.transaction import Transaction
from postroom.store.spool import jobs, queue, spool
from postroom.store.spool.spool import Lease
from queued import SECOND, job, letter, put

ONE, TWO = id_text(IdKind.JOURNEY, 1), id_text(IdKind.JOURNEY, 2)


@pytest.fixture
async def queued(bare: TestOffice) -> TestOffice:
    """Two messages from alice: one for hamburger.test, one for pizza.test and crepes.test, an hour younger."""
    await put(bare.engine, letter(1, accepted=NOW - 7200 * SECOND), job("hamburger.test", NOW + SECOND))
    await put(
        bare.engine,
        letter(2, accepted=NOW - 3600 * SECOND),
        job("pizza.test", NOW + SECOND),
        job("crepes.test", NOW + SECOND, (1,)),
    )
    return bare


async def states(office: TestOffice) -> list[tuple[str, str]]:
    return [(one["hop"], one["state"]) for one in await office.ask("queue.list")]


async def test_a_listing_says_what_waits(queued: TestOffice) -> None:
    first, *others = await queued.ask("queue.list")
    assert first == {
        "id": ONE,
        "job": 0,
        "hop": "hamburger.test",
        "state": "waiting",
        "sender": "alice@crepes.test",
        "recipients": [{"address": "user0@hamburger.test", "status": ""}],
        "size": 5,
        "accepted": NOW - 7200 * SECOND,
        "due": NOW + SECOND,
        "attempts": 0,
        "expires": first["expires"],
        "why": "",
        "now": NOW,
    }
    assert [one["id"] for one in others] == [TWO, TWO]


async def test_what_has_gone_while_it_is_listed_does_not_wait_for_nobody(queued: TestOffice) -> None:
    records = perform(queued, ROOT, Request("queue.list", {}))
    listed = [await anext(records)]
    await queued.ask("queue.drop", domain="pizza.test")
    listed += [one async for one in records]
    assert [(one["hop"], len(one["recipients"])) for one in listed] == [
        ("hamburger.test", 1),
        ("crepes.test", 1),
    ]


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        ({}, 3),
        ({"id": TWO}, 2),
        ({"id": TWO.lower()}, 2),
        ({"sender": "ALICE@crepes.test"}, 3),
        ({"sender": "<>"}, 0),
        ({"recipient": "user1@crepes.test"}, 1),
        ({"domain": "pizza.test"}, 1),
        ({"older": 5400 * SECOND}, 1),
        ({"older": 60 * SECOND, "domain": "hamburger.test"}, 1),
    ],
)
async def test_filters(queued: TestOffice, chosen: dict[str, Any], count: int) -> None:
    assert await queued.ask("queue.count", **chosen) == [{"count": count}]
    assert len(await queued.ask("queue.list", **chosen)) == count


async def test_held_released_retried(queued: TestOffice) -> None:
    assert await queued.ask("queue.hold", domain="crepes.test") == [{"id": TWO, "done": "held", "jobs": 1}]
    assert ("crepes.test", "held") in await states(queued)
    assert ("pizza.test", "waiting") in await states(queued)
    (held,) = await queued.ask("queue.list", domain="crepes.test")
    assert held["due"] == 0
    done = await queued.ask("queue.release")
    assert done == [{"id": ONE, "done": "released", "jobs": 0}, {"id": TWO, "done": "released", "jobs": 1}]
    assert sum(one["jobs"] for one in await queued.ask("queue.retry")) == 3
    assert {one["due"] for one in await queued.ask("queue.list")} == {NOW}
    assert queued.woken == 3
    said = [row.hop().events for row in await journal.read(queued.engine.reading(), 2)]
    assert said == [[Handled(0, what, "root")] for what in ("held", "released", "retried")]


async def test_dropped_and_nobody_is_told(queued: TestOffice) -> None:
    assert await queued.ask("queue.drop", id=ONE) == [{"id": ONE, "done": "dropped", "jobs": 1}]
    ((job_, attempt),) = queued.settled
    assert (job_.hop, attempt.events[0]) == ("hamburger.test", Handled(0, "dropped", "root"))
    assert await queued.ask("queue.count") == [{"count": 2}]


async def test_failed_with_words_for_the_sender(queued: TestOffice) -> None:
    await queued.ask("queue.fail", domain="pizza.test", words="No pizza today")
    ((_, attempt),) = queued.settled
    (result,) = attempt.results
    assert (result.happened.name, str(result.status), result.reply) == (
        "FAILED",
        "5.0.0",
        ("No pizza today",),
    )
    assert attempt.events[1] == Outcome(0, 0, "user0@pizza.test", "failed", "5.0.0", "No pizza today")


async def test_what_is_being_worked_on_is_left_alone(queued: TestOffice) -> None:
    (entry,) = await queue.listing(queued.engine.reading(), queue.Filter(domain="pizza.test"), NOW)
    lease = Lease(9, NOW, NOW + 100 * SECOND)
    await queued.engine.write(lambda tx: jobs.take(tx, entry.letter.spool_id, entry.job, lease))
    assert await queued.ask("queue.drop", domain="pizza.test") == [{"id": TWO, "done": "dropped", "jobs": 0}]
    assert queued.settled == []


async def test_many_messages_are_done_in_slices(bare: TestOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.app.operations.queue.SLICE", 2)
    for number in range(1, 6):
        await put(bare.engine, letter(number), job(), job("pizza.test", numbers=(1,)))
    done = await bare.ask("queue.hold")
    assert [one["jobs"] for one in done] == [2] * 5
    assert len(await bare.ask("queue.drop")) == 10
    assert await bare.ask("queue.list") == []


@pytest.mark.parametrize("size", [2, 5, 6, 100])
async def test_jobs_of_one_message_are_done_in_slices_too(
    bare: TestOffice, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """One for a list may have ten thousand, and whoever writes meanwhile would wait for all of them."""
    monkeypatch.setattr("postroom.app.operations.queue.SLICE", size)
    hold, sizes = queue.hold, []

    async def held(tx: Transaction, entries: Sequence[queue.Entry], now: int) -> list[queue.Entry]:
        sizes.append(len(entries))
        return await hold(tx, entries, now)

    monkeypatch.setattr(queue, "hold", held)
    await put(bare.engine, letter(1), *(job(f"h{n}.test", numbers=(n,)) for n in range(5)))
    await put(bare.engine, letter(2), job())
    assert [one["jobs"] for one in await bare.ask("queue.hold")] == [5, 1]
    assert max(sizes) <= size
    assert sum(sizes) == 6
    assert len(await journal.read(bare.engine.reading(), 1)) == 1


async def test_an_id_that_is_none(bare: TestOffice) -> None:
    assert "queue list" in await bare.refusal("queue.list", id="Q1")


@pytest.mark.parametrize("operation", ["queue.count", "queue.list", "queue.retry"])
async def test_others_have_their_turn_while_the_whole_queue_is_gone_through(
    bare: TestOffice, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """Even when nothing in it is what is wanted."""
    monkeypatch.setattr(spool, "STRETCH", 1)
    for number in range(1, 31):
        await put(bare.engine, letter(number), job("hamburger.test"))
    async with others_turns() as turns:
        await bare.ask(operation, sender="nobody@crepes.test")
    assert turns.had >= 30
