"""The repairs of RFC 6409 §8, and that nothing but them changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address
from postroom.message.composing.modifications import (
    Modifications,
    apply_modifications,
    modifications,
    strip_fields,
    with_domains,
)

ALICE = Address("alice", "crepes.test")
DATE = "Fri, 20 Nov 2026 21:12:00 +0000"
WHOLE = b"Date: x\r\nFrom: a@b.test\r\nMessage-Id: <1@b.test>\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    ("raw", "prepend", "strip"),
    [
        (WHOLE, b"", ()),
        (b"DATE : x\r\nfrom\t: a\r\nmessage-id  : <1@b>\r\n\r\n", b"", ()),
        (
            b"\r\nhi\r\n",
            b"Date: Fri, 20 Nov 2026 21:12:00 +0000\r\nFrom: alice@crepes.test\r\nMessage-ID: <u@crepes.test>\r\n",
            (),
        ),
        (b"Resent-Date: x\r\nX-From: y\r\n" + WHOLE, b"", ()),
        (
            b"bcc: eve@x.test\r\nReturn-Path: <>\r\nResent-Bcc:\r\n" + WHOLE,
            b"",
            ("bcc", "resent-bcc", "return-path"),
        ),
        (WHOLE + b"Bcc: text\r\n", b"", ()),
        (b"Date: x\r\nFrom: a\r\n\r\n", b"Message-ID: <u@crepes.test>\r\n", ()),
    ],
)
def test_modifications(raw, prepend, strip):
    assert modifications(raw, ALICE, DATE, "u@crepes.test") == Modifications(prepend, strip)


def test_the_null_sender_gets_no_from():
    assert b"From" not in modifications(b"\r\nhi\r\n", None, DATE, "u@x").prepend


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (
            b"A: 1\r\nBcc: x@y,\r\n z@y\r\n\t\r\nB: 2\r\n\r\nBcc: body\r\n",
            b"A: 1\r\nB: 2\r\n\r\nBcc: body\r\n",
        ),
        (b"BCC:x\r\n\r\nt", b"\r\nt"),
        (b"bcc :\r\nbCc: y\r\n\r\n", b"\r\n"),
        (b"X-Bcc: 1\r\nBccx: 2\r\n\r\n", b"X-Bcc: 1\r\nBccx: 2\r\n\r\n"),
        (b"A: 1\r\nBcc: x", b"A: 1\r\n"),
    ],
)
def test_strip_fields(raw, left):
    assert strip_fields(raw, ["bcc"]) == left


def test_nothing_to_do_is_the_same_object():
    assert apply_modifications(WHOLE, Modifications()) is WHOLE
    assert strip_fields(WHOLE, []) is WHOLE


@given(st.binary(max_size=200))
def test_only_what_is_named_changes(body):
    raw = b"Bcc: a\r\n" + WHOLE + body
    changes = modifications(raw, ALICE, DATE, "u@x")
    assert apply_modifications(raw, changes) == WHOLE + body


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"From: root (Cron Daemon)", b"From: root@x.test (Cron Daemon)"),
        (
            b'TO: bob, "Joe, B." <joe>,\r\n j.doe , c@y',
            b'TO: bob@x.test, "Joe, B." <joe@x.test>,\r\n j.doe@x.test , c@y',
        ),
        (b"Resent-Cc : Friends: a, <b>;, c", b"Resent-Cc : Friends: a@x.test, <b@x.test>;, c@x.test"),
        (b"Reply-To: Bj\xf6rn <bj\xf6rn>", b"Reply-To: Bj\xf6rn <bj\xf6rn@x.test>"),
        (b"To: undisclosed-recipients:;", None),
        (b'To: Bob Smith, <>, "bob, <@a:b@c>, a@b (c)', None),
        (b'To: "Bob"', None),
        (b"Subject: root\r\nX-To: root\r\nTo: a@b\r\n\r\nTo: root", None),
        (b"", None),
    ],
)
def test_addresses_without_a_domain_get_one(raw, expected):
    assert with_domains(raw, "x.test") == (raw if expected is None else expected)
