"""Received reports: kept once, listed, forgotten."""

from typing import Any

import msgspec

from postroom.store.peers import received_reports
from postroom.store.peers.received_reports import ReceivedReport

REPORT = ReceivedReport("dmarc", "e.test", "Acme", "id1", 100, 200, 5000, "acme.test", 1, 3, 4, b"{}")


async def add(engine, number: int, **changes: Any) -> bool:
    report = msgspec.structs.replace(REPORT, **changes)
    return await engine.write(lambda tx: received_reports.add(tx, report, number))


async def listing(engine, domain: str = "", since: int = 0, limit: int = 10) -> list[int]:
    return [one.id for one in await received_reports.listing(engine.reading(), "dmarc", domain, since, limit)]


async def test_what_is_kept_comes_back(engine):
    assert await add(engine, 7)
    (found,) = await received_reports.listing(engine.reading(), "dmarc", "e.test", 200, 10)
    assert found == msgspec.structs.replace(REPORT, id=7)


async def test_the_same_report_is_kept_once_and_another_ones_is_not_replaced(engine):
    assert await add(engine, 1)
    assert not await add(engine, 2, received=9000)
    assert await add(engine, 3, sender="evil.test")
    assert await add(engine, 4, verified=0)
    assert await add(engine, 5, domain="f.test")
    assert await add(engine, 6, report_id="id2")
    assert await add(engine, 7, kind="tls")
    assert sorted(await listing(engine)) == [1, 3, 4, 5, 6]


async def test_listing_is_of_one_domain_and_time_the_youngest_first(engine):
    for number, (domain, ends) in enumerate([("e.test", 10), ("e.test", 30), ("f.test", 20)], 1):
        await add(engine, number, domain=domain, ends=ends, report_id=str(number))
    assert await listing(engine) == [2, 3, 1]
    assert await listing(engine, "e.test") == [2, 1]
    assert await listing(engine, since=20) == [2, 3]
    assert await listing(engine, limit=1) == [2]


async def test_what_is_old_is_forgotten(engine):
    await add(engine, 1, received=10)
    await add(engine, 2, received=20, report_id="id2")
    assert await engine.write(lambda tx: received_reports.prune(tx, 20)) == 1
    assert await listing(engine) == [2]


async def test_too_many_are_not_kept(engine):
    for number in range(1, 6):
        await add(engine, number, received=number, report_id=str(number))
    assert await engine.write(lambda tx: received_reports.prune(tx, 0, 5)) == 0
    assert await engine.write(lambda tx: received_reports.prune(tx, 0, 3)) == 2
    assert sorted(await listing(engine)) == [3, 4, 5]


async def test_no_commit_forgets_very_much(engine, monkeypatch):
    monkeypatch.setattr(received_reports, "PRUNED_AT_ONCE", 2)
    for number in range(1, 4):
        await add(engine, number, received=number, report_id=str(number))
    for gone in (2, 1, 0):
        assert await engine.write(lambda tx: received_reports.prune(tx, 9)) == gone


async def test_how_far_a_mailbox_was_read(engine):
    assert await received_reports.seen_to(engine.reading(), 1, 2) == 0
    for uid in (5, 9):
        await engine.write(lambda tx, uid=uid: received_reports.set_seen_to(tx, 1, 2, uid))
    assert await received_reports.seen_to(engine.reading(), 1, 2) == 9
