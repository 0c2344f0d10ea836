"""Trace fields: their clauses, their folding, and that no peer can write a line of them."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address, parse_mailbox
from postroom.message.headers.trace import (
    MAX_HOPS,
    Origin,
    Stamp,
    already_delivered,
    close_header,
    delivered_to,
    header_end,
    hops,
    received_field,
    received_from,
    return_path,
    with_protocol,
)

BOB = Address("bob", "hamburger.test")
DATE = "Fri, 20 Nov 2026 21:12:00 +0000"
STAMP = Stamp("mail.hamburger.test", "ESMTPS", "J1abc", BOB)


def test_a_whole_field():
    origin = Origin(
        "mail.crepes.test", "192.0.2.1", "mx.crepes.test", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256
    )
    assert received_field(received_from(origin), STAMP, DATE) == (
        b"Received: from mail.crepes.test (mx.crepes.test [192.0.2.1])\r\n"
        b"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256 bits))\r\n"
        b"\tby mail.hamburger.test with ESMTPS id J1abc\r\n"
        b"\tfor <bob@hamburger.test>; Fri, 20 Nov 2026 21:12:00 +0000\r\n"
    )


@pytest.mark.parametrize(
    ("origin", "part"),
    [
        (Origin("crepes.fr", "2001:db8::1"), b"from crepes.fr ([IPv6:2001:db8::1])\r\n"),
        (Origin("", "192.0.2.1"), b"from unknown ([192.0.2.1])\r\n"),
        (Origin("[192.0.2.9]", "192.0.2.1"), b"from [192.0.2.9] ([192.0.2.1])\r\n"),
        (
            Origin("pc", "192.0.2.1", user="alice@crepes.test"),
            b"\r\n\t(authenticated as alice@crepes.test)\r\n",
        ),
        (Origin(user="user", local=True), b"Received: (from user@localhost)\r\n\tby "),
        (Origin("a b;c(d)\r\nX: y", "192.0.2.1"), b"from a?b?c?d???X:?y ([192.0.2.1])\r\n"),
        (Origin("x", "192.0.2.1", user="eve) by (evil"), b"(authenticated as eve? by ?evil)\r\n"),
        (Origin("legit.test'a.a.test", "192.0.2.1"), b"from legit.test?a.a.test ("),
    ],
)
def test_from_clause(origin, part):
    assert part in received_field(received_from(origin), STAMP, DATE)


@pytest.mark.parametrize(
    ("stamp", "end"),
    [
        (Stamp("h", "", "J1"), b"\tby h id J1;\r\n\t" + DATE.encode() + b"\r\n"),
        (Stamp("h", "ESMTP", "J1"), b"\tby h with ESMTP id J1;\r\n\t" + DATE.encode() + b"\r\n"),
        (Stamp("h", "ESMTP", "J1", Address("пётр", "x.test")), b" id J1;\r\n\t" + DATE.encode() + b"\r\n"),
        (
            Stamp("h", "UTF8SMTP", "J1", Address("ü", "x.test")),
            "\r\n\tfor <ü@x.test>; ".encode() + DATE.encode() + b"\r\n",
        ),
        (
            Stamp("h", "ESMTP", "J1", Address("a" * 60, "x.test")),
            b"@x.test>;\r\n\t" + DATE.encode() + b"\r\n",
        ),
        (
            Stamp("h", "ESMTP", "J1", BOB, 3),
            f"\r\n\tfor <{BOB}>\r\n\tPRIORITY 3; {DATE}\r\n".encode(),
        ),
        (
            Stamp("h", "ESMTP", "J1", priority=-9),
            f" id J1\r\n\tPRIORITY -9; {DATE}\r\n".encode(),
        ),
    ],
)
def test_for_clause(stamp, end):
    assert received_field(received_from(Origin("x", "192.0.2.1")), stamp, DATE).endswith(end)


@given(st.text(), st.text(), st.text(), st.text(), st.booleans())
def test_no_peer_writes_a_line_of_its_own(helo, reverse, user, cipher, local):
    origin = Origin(helo, "192.0.2.1", reverse, "TLSv1.3", cipher, 256, user, local)
    field = received_field(received_from(origin), STAMP, DATE)
    lines = field.split(b"\r\n")
    assert lines.pop() == b""
    assert all(line.startswith(b"\t") for line in lines[1:])
    assert all(len(line) < 998 and line.isascii() and line.strip() for line in lines)
    assert not set(field.replace(b"\r\n\t", b"")[:-2]) & {13, 10, 0, 27}
    message = email.message_from_bytes(field + b"Subject: x\r\n\r\nbody", policy=email.policy.compat32)
    assert message.keys() == ["Received", "Subject"]


@given(st.from_regex(r"[a-z]{1,20}(\.[a-z]{1,20}){0,3}", fullmatch=True), st.ip_addresses().map(str))
def test_lines_are_folded(helo, ip):
    field = received_field(
        received_from(Origin(helo, ip, helo, "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", 256)), STAMP, DATE
    )
    assert all(
        len(line) <= 78 or b" " not in line.strip()
        for line in field.split(b"\r\n")
        if helo.encode() not in line
    )


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"esmtp": False}, "SMTP"),
        ({}, "ESMTP"),
        ({"tls": True}, "ESMTPS"),
        ({"auth": True}, "ESMTPA"),
        ({"tls": True, "auth": True}, "ESMTPSA"),
        ({"utf8": True, "tls": True, "auth": True}, "UTF8SMTPSA"),
        ({"lmtp": True}, "LMTP"),
        ({"lmtp": True, "utf8": True, "tls": True}, "UTF8LMTPS"),
    ],
)
def test_with_protocol(facts, name):
    assert with_protocol(**facts) == name


def test_delivery_fields():
    assert return_path(Address("alice", "crepes.test")) == b"Return-Path: <alice@crepes.test>\r\n"
    assert return_path(None) == b"Return-Path: <>\r\n"
    assert delivered_to(parse_mailbox('"a b"@x.test')) == b'Delivered-To: "a b"@x.test\r\n'
    assert return_path(Address("a\r\nX: y", "x.test")).count(b"\r\n") == 1


@pytest.mark.parametrize(
    ("raw", "closed"),
    [
        (
            b"Do you like ketchup?\r\nHow about pickles?\r\n",
            b"\r\nDo you like ketchup?\r\nHow about pickles?\r\n",
        ),
        (
            b"Subject: mail trial with postfix\r\nThis is a test mail to try\r\nwith mail delivery.\r\n",
            b"Subject: mail trial with postfix\r\n\r\nThis is a test mail to try\r\nwith mail delivery.\r\n",
        ),
        (
            b"Subject: a\r\n b\r\n\tc\r\ntext\r\n\r\nmore\r\n",
            b"Subject: a\r\n b\r\n\tc\r\n\r\ntext\r\n\r\nmore\r\n",
        ),
        (b" From: x\r\n\r\nbody\r\n", b"\r\n From: x\r\n\r\nbody\r\n"),
        (
            b"From alice Fri Nov 20\r\nSubject: x\r\n\r\nb\r\n",
            b"\r\nFrom alice Fri Nov 20\r\nSubject: x\r\n\r\nb\r\n",
        ),
        (b": no name\r\n", b"\r\n: no name\r\n"),
        (b"Subject: x\r\nthis has: a colon\r\n", b"Subject: x\r\n\r\nthis has: a colon\r\n"),
        (b"A: b\r\nno colon", b"A: b\r\n\r\nno colon"),
        (b"Gr\xc3\xbc\xc3\x9fe: an alle\r\n", b"\r\nGr\xc3\xbc\xc3\x9fe: an alle\r\n"),
    ],
)
def test_an_open_header_is_closed(raw, closed):
    assert close_header(raw) == closed
    assert close_header(closed) is closed


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\r\n\r\nbody\r\n",
        b"Subject : x\r\n\r\nbody\r\n",
        b"A: b\r\n c\r\nD:\r\n\r\nno: header\r\nnot one\r\n",
        b"\r\nbody only\r\n",
        b"",
        b"Subject: header only\r\n",
        b"Subject: header only, no line end",
        b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
def test_a_closed_header_is_left_alone(raw):
    assert close_header(raw) is raw


@given(
    st.lists(
        st.sampled_from([b"A: b\r\n", b"\r\n", b" c\r\n", b"text\r\n", b"x", b":", b"\r", b"\n", b"\0"]),
        max_size=12,
    )
)
def test_prepended_fields_never_swallow_the_body(pieces):
    raw = b"".join(pieces)
    closed = close_header(raw)
    assert closed.replace(b"\r\n", b"") == raw.replace(b"\r\n", b"")
    assert len(closed) - len(raw) in (0, 2)
    header = (b"R: x\r\n" + closed).split(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(line[:1] in (b" ", b"\t") or b":" in line for line in header if line)
    assert closed[:1] not in (b" ", b"\t")


def test_a_huge_header_takes_linear_time():
    raw = b"A: b\r\n" * 300_000 + b"text"
    assert close_header(raw) is raw


@pytest.mark.parametrize(("count", "loop"), [(0, False), (100, False), (101, True)])
def test_hops(count, loop):
    raw = b"RECEIVED: by x; date\r\n" * count + b"Received-SPF: pass\r\n\r\nReceived: in the body\r\n"
    assert hops(raw) == count
    assert (hops(raw) > MAX_HOPS) is loop


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"Delivered-To: bob@hamburger.test\r\n", True),
        (b"X: y\r\ndelivered-to : <BOB@Hamburger.test> \r\n", True),
        (b"Delivered-To: alice@crepes.test\r\nDelivered-To: bob@hamburger.test\r\n", True),
        (b"Delivered-To: bob@hamburger.test.evil\r\n", False),
        (b"X-Delivered-To: bob@hamburger.test\r\n", False),
        (b"Subject: x\r\n\r\nDelivered-To: bob@hamburger.test\r\n", False),
    ],
)
def test_already_delivered(header, found):
    assert already_delivered(header + b"\r\n", BOB) is found


@pytest.mark.parametrize(
    ("raw", "end"),
    [(b"A: b\r\n\r\nc", 6), (b"\r\nbody", 0), (b"A: b\r\n", 6), (b"", 0), (b"A: b\r\n\r\n", 6)],
)
def test_header_end(raw, end):
    assert header_end(raw) == end
