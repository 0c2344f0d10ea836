"""Reports from elsewhere: the examples of RFC 3464, sloppy ones, and hostile ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address
from postroom.message.envelope import Recipient
from postroom.message.errors import EnhancedStatus
from postroom.message.notifications.dsn import Report, compose_dsn
from postroom.message.notifications.dsn_parse import (
    MAX_RECIPIENTS,
    RecipientStatus,
    parse_delivery_status,
    report_in,
)
from postroom.message.notifications.dsn_rules import Action
from postroom.message.notifications.dsn_text import Delivery


def only(body):
    """The single recipient of a report."""
    (recipient,) = parse_delivery_status(body.replace(b"\n", b"\r\n"))
    return recipient


def test_the_simple_example():
    """RFC 3464 appendix E.1."""
    parsed = parse_delivery_status(
        b"Reporting-MTA: dns; cs.utk.edu\r\n\r\nOriginal-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n"
        b"Final-Recipient: rfc822;louisl@larry.slip.umd.edu\r\nAction: failed\r\nStatus: 4.0.0\r\n"
        b"Diagnostic-Code: smtp; 426 connection timed out\r\nLast-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n"
    )
    (recipient,) = parsed
    assert recipient.recipient == "louisl@larry.slip.umd.edu"
    assert recipient.action is Action.FAILED
    assert recipient.status == EnhancedStatus(4, 0, 0)
    assert recipient.diagnostic == "426 connection timed out"


def test_several_recipients_and_folding():
    """RFC 3464 appendix E.2, shortened."""
    parsed = parse_delivery_status(
        b"Reporting-MTA: dns; cs.utk.edu\n\nFinal-Recipient: rfc822;a@cs.utk.edu\nAction: delivered\nStatus: 2.0.0\n\n"
        b"Final-Recipient: rfc822;b@cs.utk.edu\nAction: FAILED\nStatus: 5.1.1 (no such user)\n"
        b"Diagnostic-Code: smtp;\n 550-5.1.1\n\t550 gone\n\n\n"
    )
    assert [one.action for one in parsed] == [Action.DELIVERED, Action.FAILED]
    assert parsed[1].status == EnhancedStatus(5, 1, 1)
    assert parsed[1].diagnostic == "550-5.1.1 550 gone"


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (b"Final-Recipient: rfc822;<a@x.test>", "a@x.test"),
        (b"Final-Recipient: a@x.test", "a@x.test"),
        (b"FINAL-RECIPIENT : RFC822 ; a@x.test (Alice)", "a@x.test"),
        (rb"Final-Recipient: utf-8; \x{43F}@x.test", "п@x.test"),
        ("Final-Recipient: utf-8; п@x.test".encode(), "п@x.test"),
        (rb"Final-Recipient: utf-8; \x{0A}@x.test", r"\x{0A}@x.test"),
        (b"Final-Recipient: rfc822; a\x1b[2J@x.test", r"a\x1b[2J@x.test"),
        (b"Original-Recipient: rfc822; o@x.test", "o@x.test"),
    ],
)
def test_addresses(line, address):
    assert only(line + b"\n").recipient == address


@pytest.mark.parametrize("value", [b"5", b"5.1", b"9.1.1", b"5.1.1111", b"x5.1.1", b"5.1.1.1", b""])
def test_what_is_no_status(value):
    assert only(b"Final-Recipient: a@x\nStatus: " + value + b"\nAction: eaten\n").status is None


def test_groups_that_run_together():
    parsed = parse_delivery_status(
        b"Reporting-MTA: dns;x\nFinal-Recipient: a@x\nAction: failed\nFinal-Recipient: b@x\nAction: delayed\n"
    )
    assert [(one.final_recipient, one.action) for one in parsed] == [
        ("a@x", "failed"),
        ("b@x", "delayed"),
    ]


@pytest.mark.parametrize(
    "body", [b"", b"\r\n\r\n", b"Reporting-MTA: dns; x\r\n", b"no header at all", b"\xff\xfe", b" \r\n x"]
)
def test_no_report(body):
    assert parse_delivery_status(body) == []


@pytest.mark.parametrize("sender", [Address("alice", "crepes.test"), Address("ü", "crepes.test")])
def test_our_own_report_is_understood(sender):
    delivery = Delivery(
        Recipient(Address("пётр", "x.test")),
        Action.FAILED,
        EnhancedStatus(5, 1, 1),
        ("550 no",),
        "mail.x.test",
    )
    made = compose_dsn(
        Report("mail.crepes.test", sender, (delivery,), now=0, unique="u1"), b"Subject: x\r\n\r\n"
    )
    parsed = report_in(made.raw)
    assert parsed == [RecipientStatus("пётр@x.test", "", Action.FAILED, EnhancedStatus(5, 1, 1), "550 no")]


def test_a_message_without_report():
    assert report_in(b"Subject: x\r\n\r\nFinal-Recipient: a@x.test\r\n") == []


def test_bounded():
    parsed = parse_delivery_status(b"Final-Recipient: a@x\r\n\r\n" * 40_000)
    assert len(parsed) <= MAX_RECIPIENTS + 1


@given(
    st.lists(
        st.sampled_from(
            [
                b"Final-Recipient: rfc822;a@x",
                b"Status: 5.1.1",
                b"\r\n",
                b"\n",
                b":",
                b" ",
                b"x",
                b"\xff",
                b";",
                b"(",
            ]
        )
    )
)
def test_anything_is_no_error(pieces):
    parse_delivery_status(b"".join(pieces))
