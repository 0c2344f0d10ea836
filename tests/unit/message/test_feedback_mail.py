"""Reports in mail: how ours go, and how any are found."""

from __future__ import annotations

import base64
import email
import gzip
from email import policy

import msgspec
import pytest

from postroom.message.address import Address
from postroom.message.feedback import report_mail
from postroom.message.feedback.failure import FailureReport
from postroom.message.feedback.finding import MAX_REPORTS, Origin, origin, reports_in
from postroom.message.feedback.packing import gzipped
from postroom.message.feedback.report_mail import Cover
from report_samples import AGGREGATE, FAILURE, JSON, ORIGINAL, TLS, XML, mail

COVER = Cover(
    Address("postmaster", "hamburger.test"),
    (Address("a", "crepes.test"), Address("b", "crepes.test")),
    "crepes.test",
    "hamburger.test",
    "0123456789abcdef0123456789abcdef",
    1_750_032_000,
    1_750_118_399,
    1_750_120_000,
    "0123456789abcdef0123456789abcdef",
)


def test_a_dmarc_report() -> None:
    raw = report_mail.aggregate_mail(COVER, gzipped(XML))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw, policy=policy.default)
    # RFC 9990 §3.1.4: the id is the same in the report, the subject and the file name
    assert message["Subject"] == (
        f"Report Domain: crepes.test Submitter: hamburger.test Report-ID: <{COVER.report_id}>"
    )
    assert message["To"] == "a@crepes.test, b@crepes.test"
    (file,) = message.iter_attachments()
    assert file.get_content_type() == "application/gzip"
    assert file.get_filename() == f"hamburger.test!crepes.test!1750032000!1750118399!{COVER.unique}.xml.gz"
    assert gzip.decompress(file.get_content()) == XML
    assert reports_in(raw).reports == (AGGREGATE,)


def test_a_tls_report() -> None:
    raw = report_mail.tls_mail(COVER, gzipped(JSON))
    message = email.message_from_bytes(raw, policy=policy.default)
    assert message.get_content_type() == "multipart/report"
    assert message["Content-Type"].params["report-type"] == "tlsrpt"
    assert (message["TLS-Report-Domain"], message["TLS-Report-Submitter"]) == (
        "crepes.test",
        "hamburger.test",
    )
    assert message["Subject"].endswith(f"Report-ID: <{COVER.report_id}@hamburger.test>")  # RFC 8460 §5.3
    assert message["TLS-Required"] == "No"
    assert reports_in(raw).reports == (TLS,)


def test_the_submitter_of_a_tls_report_is_who_can_be_asked_about_it() -> None:
    """RFC 8460 §5.3: it must be the domain of the report's contact-info, in whatever name the report is made."""
    cover = msgspec.structs.replace(COVER, author=Address("reports", "mail.hamburger.test"))
    message = email.message_from_bytes(report_mail.tls_mail(cover, b""), policy=policy.default)
    assert message["TLS-Report-Submitter"] == "mail.hamburger.test"


@pytest.mark.parametrize(
    ("kind", "octets", "found"),
    [
        ("application/gzip", gzip.compress(XML, mtime=0), AGGREGATE),
        ("application/x-gzip", gzip.compress(XML, mtime=0), AGGREGATE),
        ("application/octet-stream; name=r.xml.gz", gzip.compress(XML, mtime=0), AGGREGATE),
        ("application/xml", XML, AGGREGATE),
        ("text/xml", XML, AGGREGATE),
        ("application/tlsrpt+gzip", gzip.compress(JSON, mtime=0), TLS),
        ("application/tlsrpt+json", JSON, TLS),
        ("application/json", b"\n  " + JSON, TLS),
    ],
)
def test_what_is_found(kind: str, octets: bytes, found: object) -> None:
    assert reports_in(mail(("text/plain", b"hello"), (kind, octets))).reports == (found,)
    whole = (
        b"From: r@acme.test\r\nContent-Type: "
        + kind.encode()
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    assert reports_in(whole + base64.encodebytes(octets)).reports == (found,)


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        ("application/pdf", b"%PDF"),
        ("image/png", gzip.compress(XML, mtime=0)),
        ("text/plain", XML),
        ("text/html", b"<html>"),
        (
            "message/rfc822",
            mail(("application/gzip", gzip.compress(XML, mtime=0)))
            .replace(b"--x", b"--y")
            .replace(b'"x"', b'"y"'),
        ),
    ],
)
def test_what_is_none(kind: str, octets: bytes) -> None:
    assert reports_in(mail((kind, octets))).reports == ()


@pytest.mark.parametrize(
    "octets",
    [
        gzip.compress(b"x" * 30_000_000, mtime=0),
        gzip.compress(b"<!DOCTYPE x><feedback/>", mtime=0),
        gzip.compress(XML, mtime=0)[:-20],
        gzip.compress(gzip.compress(XML, mtime=0)),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_kept(octets: bytes) -> None:
    found = reports_in(mail(("application/gzip", octets), ("application/gzip", gzip.compress(XML, mtime=0))))
    assert found.reports == (AGGREGATE,)
    assert len(found.problems) == 1


def test_only_so_many_are_looked_at() -> None:
    found = reports_in(mail(*[("application/gzip", gzip.compress(XML, mtime=0))] * (MAX_REPORTS + 1)))
    assert len(found.reports) == MAX_REPORTS
    assert reports_in(b"").reports == reports_in(b"\0" * 1000).reports == ()


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_failure_report(kind: str) -> None:
    raw = mail(("text/plain", b"hello"), ("message/feedback-report", FAILURE), (kind, ORIGINAL))
    (found,) = reports_in(raw).reports
    assert found == FailureReport(
        "crepes.test", "dmarc", "192.0.2.7", "<x@evil.test>", 1_750_000_000,
        "acme.test; dmarc=fail header.from=crepes.test", "reject", "none", agent="Acme/1.0",
        subject="pay \\x1b[2J", message_id="<1@evil.test>", author="boss@crepes.test",
    )  # fmt: skip


@pytest.mark.parametrize(
    "fields", [b"", b"Feedback-Type: abuse\r\n", b"\0" * 5000, b"Feedback-Type:\r\n" * 5000]
)
def test_other_feedback_is_no_failure_report(fields: bytes) -> None:
    found = reports_in(mail(("message/feedback-report", fields)))
    assert found.reports == ()
    assert "Feedback-Type" in found.problems[0]


OWN = "Authentication-Results: mx.crepes.test; dmarc=pass header.from=acme.test\r\n"
RECEIVED = "Received: from x by mx.crepes.test; Sun, 15 Jun 2025 15:06:40 +0000\r\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (OWN + RECEIVED + "From: r@acme.test\r\n", Origin("acme.test", verified=True)),
        ("Return-Path: <r@acme.test>\r\n" + OWN + RECEIVED + "From: r@acme.test\r\n", Origin("acme.test", verified=True)),
        (RECEIVED + OWN + "From: r@acme.test\r\n", Origin("acme.test")),  # came with the message
        (OWN.replace("pass", "fail") + RECEIVED + "From: r@acme.test\r\n", Origin("acme.test")),
        (OWN.replace("pass", "fail") + OWN + "From: r@acme.test\r\n", Origin("acme.test")),
        (OWN.replace("mx.", "other.") + RECEIVED + "From: r@acme.test\r\n", Origin("acme.test")),
        (OWN + RECEIVED + "From: r@acme.test\r\nFrom: r@evil.test\r\n", Origin()),
        (OWN + RECEIVED + "From: r@acme.test, r@evil.test\r\n", Origin()),
        (OWN + RECEIVED, Origin()),
    ],
)  # fmt: skip
def test_who_sent_it_is_what_we_found_ourselves(head: str, expected: Origin) -> None:
    assert origin(f"{head}\r\nbody\r\n".encode(), ("mx.crepes.test",)) == expected
