"""Reports, and mail that brings them."""

from __future__ import annotations

import base64

from postroom.message.feedback import aggregate_xml, tls_report
from postroom.message.feedback.aggregate import AggregateReport, Counted, Metadata, PolicyPublished, Row
from postroom.message.feedback.tls_report import PolicyReport, TlsPolicy, TlsReport

AGGREGATE = AggregateReport(
    Metadata(
        "hamburger.test",
        "postmaster@hamburger.test",
        "0123456789abcdef0123456789abcdef",
        1_750_032_000,
        1_750_118_399,
    ),
    PolicyPublished("crepes.test", "reject"),
    tuple(Counted(Row(f"192.0.2.{n}", "reject"), n) for n in range(1, 200)),
)
TLS = TlsReport("hamburger.test", "x", "id", 1, 2, (PolicyReport(TlsPolicy("crepes.test"), 3),))
XML = aggregate_xml.render(AGGREGATE)
JSON = tls_report.render(TLS)


def mail(*parts: tuple[str, bytes]) -> bytes:
    """Parts of these types, in base64 but for messages."""
    made = []
    for kind, octets in parts:
        encoded = kind.split("/")[0] not in ("message", "text")
        head = f"Content-Type: {kind}\r\n" + ("Content-Transfer-Encoding: base64\r\n" if encoded else "")
        made.append(head.encode() + b"\r\n" + (base64.encodebytes(octets) if encoded else octets))
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in made)
    return b'From: r@acme.test\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n' + body + b"--x--\r\n"


FAILURE = b"""Feedback-Type: auth-failure\r
User-Agent: Acme/1.0\r
Version: 1\r
Original-Mail-From: <x@evil.test>\r
Arrival-Date: Sun, 15 Jun 2025 15:06:40 +0000\r
Source-IP: 192.0.2.7\r
Authentication-Results: acme.test; dmarc=fail header.from=crepes.test\r
Auth-Failure: dmarc\r
Identity-Alignment: none\r
Delivery-Result: reject\r
Reported-Domain: Crepes.TEST\r
"""
ORIGINAL = b"From: boss@crepes.test\r\nSubject: pay \x1b[2J\r\nMessage-ID: <1@evil.test>\r\n\r\nsecret\r\n"
