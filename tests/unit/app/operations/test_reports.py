"""Operations on reports."""

from __future__ import annotations

import gzip
import json

import pytest

from offices import TestOffice
from postroom.store.peers import report_rows
from postroom.store.peers.report_rows import DMARC, DueReport, SentReport
from report_samples import FAILURE, JSON, ORIGINAL, XML, mail


async def test_what_is_imported_is_listed(bare: TestOffice) -> None:
    (first,) = await bare.ask("report.import", content=gzip.compress(XML, mtime=0), name="r.xml.gz")
    assert (first["kind"], first["domain"], first["new"]) == ("dmarc", "crepes.test", True)
    (again,) = await bare.ask("report.import", content=XML)
    assert again["new"] is False
    (found,) = await bare.ask("report.list", kind="dmarc")
    assert (found["organization"], found["passed"], found["failed"]) == ("hamburger.test", 0, 19900)
    assert (found["origin"], found["report"]) == ("file", "")
    (whole,) = await bare.ask("report.list", kind="dmarc", domain="Crepes.TEST", whole=True)
    assert json.loads(whole["report"])["policy"]["p"] == "reject"
    assert await bare.ask("report.list", kind="dmarc", domain="other.test") == []
    assert await bare.ask("report.list", kind="tls") == []
    bare.clock.time += 40 * 86_400 * 1_000_000
    assert await bare.ask("report.list", kind="dmarc") == []


async def test_each_kind(bare: TestOffice) -> None:
    failure = mail(("message/feedback-report", FAILURE), ("text/rfc822-headers", ORIGINAL))
    assert [one["kind"] for one in await bare.ask("report.import", content=JSON)] == ["tls"]
    assert [one["kind"] for one in await bare.ask("report.import", content=failure)] == ["failure"]
    (found,) = await bare.ask("report.list", kind="failure", whole=True)
    assert json.loads(found["report"])["source_ip"] == "192.0.2.7"
    assert await bare.ask("report.list", kind="tls", days=1) == []  # it is of 1970
    assert len(await bare.ask("report.list", kind="tls", days=100_000)) == 1


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("report.import", {"content": b"hello", "name": "x.gz"}, "x.gz holds no report: it is not XML"),
        (
            "report.import",
            {"content": gzip.compress(bytes(30_000_000), mtime=0), "name": "x"},
            "packed octets become",
        ),
        ("report.list", {"kind": "spam"}, "'spam' is no kind of report; there are dmarc, tls, failure"),
        ("report.sent", {"kind": ""}, "no kind of report"),
    ],
)
async def test_what_is_refused(
    bare: TestOffice, operation: str, arguments: dict[str, object], words: str
) -> None:
    assert words in await bare.refusal(operation, **arguments)


async def test_what_was_sent(bare: TestOffice) -> None:
    sent = [SentReport(DMARC, f"{n}.test", "id", 20_000, n, 3, "r@e.test", "") for n in (1, 2, 3)]
    await bare.engine.write(lambda tx: report_rows.finish(tx, DueReport(DMARC, "x", 0), sent))
    found = await bare.ask("report.sent", kind="dmarc", limit=2)
    assert [one["domain"] for one in found] == ["3.test", "2.test"]
    assert found[0]["day"] == 20_000 * 86_400
    (now,) = await bare.ask("report.send", today=True)
    assert (now["domain"], now["problem"]) == ("e.test", "")
