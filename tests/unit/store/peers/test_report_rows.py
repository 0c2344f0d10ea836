"""Rows of reports: counted, bounded, taken up by a report, forgotten."""

from postroom.store.peers import report_rows
from postroom.store.peers.report_rows import DMARC, TLS, DueReport, ReportRow, SentReport

DAY = 20_000


def row(domain: str = "e.test", what: bytes = b"1", policy: bytes = b"p", day: int = DAY) -> ReportRow:
    return ReportRow(DMARC, domain, day, policy, what)


async def add(engine, rows, most=report_rows.MAX_ROWS):
    return await engine.write(lambda tx: report_rows.add(tx, rows, most))


async def test_rows_that_are_alike_are_counted(engine):
    await add(engine, {row(): 2, row(what=b"2"): 1})
    await add(engine, {row(): 3})
    found = await report_rows.rows(engine.reading(), DueReport(DMARC, "e.test", DAY))
    assert found == [(b"p", b"1", 5), (b"p", b"2", 1)]


async def test_what_policy_and_row_say_is_not_confused(engine):
    await add(engine, {row(policy=b"ab", what=b"c"): 1, row(policy=b"a", what=b"bc"): 1})
    assert len(await report_rows.rows(engine.reading(), DueReport(DMARC, "e.test", DAY))) == 2


async def test_a_days_rows_are_bounded(engine):
    assert await add(engine, {row(what=b"%d" % n): 2 for n in range(5)}, most=4) == 2
    assert await add(engine, {row(what=b"9"): 7, row(domain="f.test"): 1}, most=4) == 7
    known = (await report_rows.rows(engine.reading(), DueReport(DMARC, "e.test", DAY)))[0][1]
    assert await add(engine, {row(what=known): 1}, most=4) == 0  # what is there is counted on
    assert len(await report_rows.rows(engine.reading(), DueReport(DMARC, "e.test", DAY))) == 4


async def test_what_is_due(engine):
    tls = ReportRow(TLS, "a.test", DAY, b"", b"")
    await add(engine, {row(): 1, row(domain="a.test"): 1, row(day=DAY + 1): 1, row(day=DAY - 1): 1, tls: 1})
    due = await report_rows.due(engine.reading(), DMARC, DAY + 1, 10)
    assert [(one.day, one.domain) for one in due] == [
        (DAY - 1, "e.test"),
        (DAY, "a.test"),
        (DAY, "e.test"),
    ]
    assert len(await report_rows.due(engine.reading(), DMARC, DAY + 1, 2)) == 2
    assert await report_rows.due(engine.reading(), TLS, DAY + 1, 10) == [DueReport(TLS, "a.test", DAY)]


async def test_a_report_that_was_sent_takes_its_rows_with_it(engine):
    await add(engine, {row(): 1, row(day=DAY + 1): 1})
    sent = SentReport(DMARC, "e.test", "id1", DAY, 77, 1, "r@e.test")
    failed = SentReport(DMARC, "e.test", "id2", DAY, 78, 1, "", "nobody wants it")
    await engine.write(lambda tx: report_rows.finish(tx, DueReport(DMARC, "e.test", DAY), [sent, failed]))
    await engine.write(lambda tx: report_rows.finish(tx, DueReport(DMARC, "e.test", DAY), [sent]))  # again
    assert await report_rows.sent(engine.reading(), DMARC, 10) == [failed, sent]
    assert await report_rows.due(engine.reading(), DMARC, DAY + 5, 10) == [
        DueReport(DMARC, "e.test", DAY + 1)
    ]


async def test_what_is_old_is_forgotten(engine):
    await add(engine, {row(day=DAY - 9): 1, row(): 1})
    for at in (10, 20):
        sent = SentReport(DMARC, "e.test", str(at), DAY, at, 1)
        await engine.write(lambda tx, sent=sent: report_rows.finish(tx, DueReport(DMARC, "x", 0), [sent]))
    assert await engine.write(lambda tx: report_rows.prune(tx, [DMARC, TLS], DAY, 20)) == 2
    assert [one.at for one in await report_rows.sent(engine.reading(), DMARC, 10)] == [20]
    assert await report_rows.due(engine.reading(), DMARC, DAY + 5, 10) == [DueReport(DMARC, "e.test", DAY)]


async def test_no_commit_forgets_very_much(engine, monkeypatch):
    """A year's rows that nobody took up are forgotten while mail comes in."""
    monkeypatch.setattr(report_rows, "PRUNED_AT_ONCE", 2)
    await add(engine, {row(day=day): 1 for day in range(3)})
    for gone in (2, 1, 0):
        assert await engine.write(lambda tx: report_rows.prune(tx, [DMARC, TLS], DAY, 0)) == gone
