"""What a header tells of its way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.headers.header import Header
from postroom.message.headers.report import MOST_HOPS, as_header, ours, report

HEADER = """

Received: from mx.a.test (mx.a.test [192.0.2.9]) by b.test with ESMTPS id 2; Mon, 1 Jan 2024 12:00:10 +0000
Received: from [203.0.113.4] by mx.a.test with SMTP id 1; Mon, 1 Jan 2024 11:00:00 +0000
Authentication-Results: mx.b.test; spf=pass smtp.mailfrom=a.test; dmarc=fail header.from=a.test
Authentication-Results: evil.test; dkim=pass header.d=a.test
From: Alice <alice@a.test>
Reply-To: mallory@evil.test
Subject: =?utf-8?q?h=C3=A9?=
Date: Mon, 1 Jan 2024 10:59:59 +0000
"""


def told(text, own=()):
    return report(Header.parse(as_header(text)), own)


def kinds(text):
    return [one.kind for one in told(text).warnings]


def test_a_pasted_header():
    found = told(HEADER, ["MX.b.test"])
    assert [(step.hop.by, step.seconds) for step in found.steps] == [("mx.a.test", None), ("b.test", 3610)]
    assert found.seconds == 3610
    assert [(one.by, one.ours) for one in found.checks] == [("mx.b.test", True), ("evil.test", False)]
    assert [(one.method, one.result, one.domain) for one in found.checks[0].results] == [
        ("spf", "pass", "a.test"),
        ("dmarc", "fail", "a.test"),
    ]
    assert [one.kind for one in found.warnings] == ["open", "slow", "reply-to", "failed"]
    assert found.subject == "h\u00e9"


def test_nobody_is_believed_without_a_name():
    assert not any(one.ours for one in told(HEADER).checks)
    header = Header.parse(as_header(HEADER))
    assert ours(header, ["other.test"]) is None


def test_what_failed_twice_alike_is_told_once():
    checks = "spf=fail smtp.mailfrom=a.test; spf=fail smtp.helo=a.test; dkim=fail header.d=a.test; spf=fail smtp.helo=b.test"
    warnings = told(f"Authentication-Results: mx.b.test; {checks}\nFrom: a@a.test").warnings
    failed = [(one.values["method"], one.values["domain"]) for one in warnings if one.kind == "failed"]
    assert failed == [("SPF", "a.test"), ("DKIM", "a.test"), ("SPF", "b.test")]


def test_what_is_odd():
    assert kinds("Subject: x") == ["no-hops", "froms"]
    assert "name-scripts" in kinds("From: \u0420ay\u0440al <a@b.test>")
    assert "domain-scripts" in kinds("From: x <a@xn--80ak6aa92e.com>")
    assert "name-address" in kinds('From: "boss@bank.test" <a@evil.example>')
    assert "name-address" not in kinds('From: "boss@mail.bank.test" <a@bank.test>')
    backwards = "Received: by b.test; Mon, 1 Jan 2024 10:00:00 +0000\nReceived: by a.test; Mon, 1 Jan 2024 11:00:00 +0000\nFrom: a@b.test"
    assert kinds(backwards) == ["clock"]
    assert "date" in kinds(backwards + "\nDate: Mon, 1 Jan 2020 10:00:00 +0000")


def test_hops_are_bounded():
    assert len(told("Received: by x.test; Mon, 1 Jan 2024 10:00:00 +0000\n" * 300).steps) == MOST_HOPS


@given(st.text(max_size=400))
def test_whatever_is_pasted(text):
    told(text)
    told("Received: " + text + "\nFrom: " + text + "\nAuthentication-Results: " + text)


@pytest.mark.parametrize(
    "text",
    [
        "Received: " + "(" * 250_000,
        "Received: " + "()" * 125_000,
        "Received: " + "\\(" * 125_000,
        "Received: from (" + "[" * 250_000 + ")",
        "Received: from (x " + "1.2.3." * 40_000 + ")",
        "Received: x;" + " " * 250_000,
        'From: "' + "a@b." * 50_000 + '" <x@y.z>',
        "From: a@b.c\nReply-To: " + "x@y.z, " * 30_000,
        "Authentication-Results: a; dmarc=fail; dkim=fail header.d=a\n" * 4_000,
    ],
    ids=range(9),
)
def test_what_is_made_to_take_long(text):
    told(text)
