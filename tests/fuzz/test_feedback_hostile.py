"""Hostile records, reports and the mail that brings them: nothing raises but BadReport, and every message has a verdict."""

from __future__ import annotations

import asyncio
import contextlib
import gzip

from hypothesis import given
from hypothesis import strategies as st

from postroom.intake.report_mailbox import as_received, unpacked
from postroom.mailauth.dkim.results import SignatureResult
from postroom.mailauth.dkim.results import Verdict as Dkim
from postroom.mailauth.dmarc.author import authors
from postroom.mailauth.dmarc.evaluation import evaluate
from postroom.mailauth.dmarc.record import parse, select
from postroom.mailauth.dmarc.suffixes import SuffixList
from postroom.mailauth.dmarc.verdict import Result
from postroom.mailauth.tlsrpt import parse as parse_tlsrpt
from postroom.message.feedback import aggregate_xml
from postroom.message.feedback.aggregate import AggregateReport
from postroom.message.feedback.finding import origin, read_document, reports_in
from postroom.message.feedback.packing import BadReport, gzipped, unpack
from postroom.message.headers.header import Header
from report_samples import FAILURE, JSON, ORIGINAL, XML, mail
from spf_zone import Zone

TAGS = st.sampled_from(
    ["p=reject", "p=", "sp=none", "np=x", "psd=y", "psd=n", "t=y", "pct=7", "adkim=s", "rua=mailto:a@e.test"]
)
RECORD = st.lists(TAGS | st.text(max_size=10), max_size=8).map("; ".join)
NAMES = st.sampled_from(["e.test", "a.e.test", "b.a.e.test", "test", "f.test", "[192.0.2.1]", "", "é.test"])
TEXTS = st.sampled_from(
    [b"a@", b"<", b">", b",", b"@", b"e.test", b"(", b'"', b"\\", b":", b";", b"=?", b"\x00"]
)


@given(st.binary(max_size=200))
def test_any_text_is_a_record_or_none(text: bytes) -> None:
    parse(text)
    parse_tlsrpt(text)
    for one in select([text]):
        assert parse(one).text


@given(st.dictionaries(NAMES, RECORD, max_size=5), st.lists(NAMES, max_size=4), st.lists(NAMES, max_size=6))
def test_any_message_has_a_verdict(records: dict[str, str], froms: list[str], signed: list[str]) -> None:
    lines = [f"_dmarc.{name} TXT v=DMARC1; {text}".replace("\n", " ") for name, text in records.items()]
    zone = Zone("\n".join(line for line in lines if line.isprintable()))
    header = Header.parse(("From: " + ", ".join(f"a@{one}" for one in froms) + "\r\n\r\n").encode())
    signatures = [SignatureResult(Dkim.PASS, domain=one) for one in signed]
    found = authors(header)
    verdict = asyncio.run(evaluate(zone, found, None, signatures))
    assert verdict.words
    assert verdict.method_result().result == verdict.result
    if verdict.result is Result.PASS:
        assert found.fault is None
        assert any(one.rpartition(".")[2] == verdict.author.rpartition(".")[2] for one in signed)
    assert len(zone.asked) == len(set(zone.asked))


@given(st.lists(TEXTS | st.binary(max_size=3), max_size=30).map(b"".join))
def test_any_from_has_authors_or_a_fault(value: bytes) -> None:
    found = authors(Header.parse(b"From: " + value + b"\r\n\r\n"))
    assert (found.fault is None) is (found.problem == "")
    if found.fault is None:
        assert len(found.domains) == 1
        assert found.domains[0].isascii()


@given(st.lists(st.text(max_size=12), max_size=6), NAMES)
def test_any_list_of_suffixes_is_taken_or_refused(lines: list[str], name: str) -> None:
    try:
        suffixes = SuffixList(lines)
    except ValueError:
        return
    assert name.endswith(suffixes.organizational_domain(name))


@given(st.binary(max_size=300))
def test_any_octets_are_unpacked_or_refused(octets: bytes) -> None:
    for packed in (octets, b"\x1f\x8b\x08" + octets, b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + octets):
        with contextlib.suppress(BadReport):
            unpack(packed)


@given(st.sampled_from([XML, JSON, gzip.compress(XML, mtime=0)]), st.integers(0, 4000), st.binary(max_size=6))
def test_a_damaged_report_is_another_or_refused(document: bytes, place: int, octets: bytes) -> None:
    place %= len(document)
    damaged = document[:place] + octets + document[place + len(octets) :]
    try:
        report = read_document(damaged)
    except BadReport:
        return
    kept = as_received(report, origin(b"", ()), 1)
    assert kept.passed >= 0
    assert kept.failed >= 0
    assert unpacked(kept)
    if isinstance(report, AggregateReport):
        assert read_document(gzipped(aggregate_xml.render(report))).rows == report.rows  # type: ignore[union-attr]


PART = st.tuples(
    st.sampled_from(
        ["application/gzip", "text/xml", "message/feedback-report", "message/rfc822", "x", "a/b; c="]
    ),
    st.sampled_from([XML, JSON, FAILURE, ORIGINAL, gzip.compress(XML, mtime=0)[:99]])
    | st.binary(max_size=99),
)


@given(st.lists(PART, max_size=4), st.integers(0, 500), st.binary(max_size=4))
def test_any_mail_is_looked_through(parts: list[tuple[str, bytes]], place: int, octets: bytes) -> None:
    raw = mail(*parts)
    for one in (raw, raw[:place] + octets + raw[place:]):
        found = reports_in(one)
        for report in found.reports:
            assert unpacked(as_received(report, origin(one, ("mx.l.test",)), 1))
        assert all(problem.isprintable() or "\n" not in problem for problem in found.problems)
