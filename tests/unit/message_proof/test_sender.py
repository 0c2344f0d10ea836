"""What a server has found out about the sender, and what is to be done about it."""

from __future__ import annotations

import pytest

from postroom.message.proof.findings import Verdict
from postroom.message.proof.table import proofread
from written_mail import letter

RECEIVED = "Received: from app (app.shop.example [192.0.2.7]) by mx.test with ESMTP; Sat, 21 Nov 2026 10:00:00 +0000\r\n"
CASES = (
    ("spf", "spf=pass smtp.mailfrom=a@shop.example", Verdict.GOOD, ""),
    ("spf", "spf=fail smtp.mailfrom=a@mail.shop.example", Verdict.BAD, "put ip4:192.0.2.7 into the SPF record of mail.shop.example,"),
    ("spf", "spf=permerror smtp.mailfrom=a@shop.example", Verdict.BAD, "postroom spf a@shop.example 192.0.2.7 says"),
    ("spf", "spf=softfail smtp.mailfrom=a@shop.example", Verdict.NOTE, 'publish: shop.example. IN TXT "v=spf1 ip4:192.0.2.7 -all"'),
    ("spf", "spf=none smtp.mailfrom=a@shop.example", Verdict.NOTE, "publish: shop.example."),
    ("spf", "spf=temperror smtp.mailfrom=a@shop.example", Verdict.NOT_RUN, "send it again"),
    ("spf", "spf=pass smtp.helo=mx.shop.example; spf=fail smtp.mailfrom=a@shop.example", Verdict.BAD, "record of shop.example"),
    ("spf", "spf=fail smtp.helo=mx.shop.example", Verdict.BAD, "record of mx.shop.example"),
    ("dkim", "dkim=pass header.d=shop.example", Verdict.GOOD, ""),
    ("dkim", "dkim=fail header.d=a.example; dkim=pass header.d=shop.example", Verdict.GOOD, ""),
    ("dkim", "dkim=fail header.d=shop.example", Verdict.BAD, "sign last"),
    ("dkim", "dkim=permerror header.d=shop.example", Verdict.BAD, "SELECTOR._domainkey.shop.example"),
    ("dkim", "dkim=none", Verdict.NOTE, "submit with a login"),
    ("dmarc", "dmarc=pass header.from=shop.example", Verdict.GOOD, ""),
    ("dmarc", "dmarc=fail header.from=shop.example", Verdict.BAD, "pass for shop.example"),
    ("dmarc", "dmarc=none header.from=shop.example", Verdict.NOTE, '_dmarc.shop.example. IN TXT "v=DMARC1; p=none"'),
    ("dmarc", "dmarc=permerror header.from=shop.example", Verdict.BAD, "_dmarc.shop.example"),
    ("dmarc", "spf=pass smtp.mailfrom=a@shop.example", Verdict.NOT_RUN, ""),
)  # fmt: skip


def received(results: str) -> bytes:
    return f"Authentication-Results: mx.test; {results}\r\n{RECEIVED}".encode() + letter().as_bytes()


@pytest.mark.parametrize(("name", "results", "verdict", "fix"), CASES)
def test_what_a_server_found(name: str, results: str, verdict: Verdict, fix: str) -> None:
    (found,) = (one for one in proofread(received(results)) if one.check == name)
    assert found.verdict is verdict
    assert fix in found.fix
    assert "mx.test" in found.reason or verdict is Verdict.NOT_RUN


def test_the_uppermost_field_counts() -> None:
    raw = received("spf=fail smtp.mailfrom=a@shop.example").replace(
        b"Received:", b"Authentication-Results: other.test; spf=pass\r\nReceived:", 1
    )
    (found,) = (one for one in proofread(raw) if one.check == "spf")
    assert found.verdict is Verdict.BAD


def test_before_anybody_has_looked() -> None:
    (found,) = (one for one in proofread(letter().as_bytes()) if one.check == "dmarc")
    assert found.verdict is Verdict.NOT_RUN
    assert "postroom check message" in found.reason


def test_where_nobody_looks() -> None:
    (found,) = (one for one in proofread(RECEIVED.encode() + letter().as_bytes()) if one.check == "dmarc")
    assert found.reason == (
        "not run because no server on its way has said what it found: mail of whoever has logged in is not looked at"
    )
