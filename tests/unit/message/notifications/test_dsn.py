"""Reports as a mail program, a person and an enemy see them; the standard library reads what we write."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address, parse_mailbox
from postroom.message.composing.downgrade import downgrade
from postroom.message.envelope import BodyKind, Envelope, Notify, Recipient, Ret
from postroom.message.errors import EnhancedStatus
from postroom.message.notifications.dsn import MAX_RETURNED, Report, compose_dsn
from postroom.message.notifications.dsn_parse import parse_delivery_status, report_in
from postroom.message.notifications.dsn_rules import Action
from postroom.message.notifications.dsn_text import Delivery

ALICE = Address("alice", "crepes.test")
NOW = 1_795_209_120
ORIGINAL = (
    b"Received: from x\r\n\tby y; date\r\nFrom: Alice <alice@crepes.test>\r\nSubject: =?utf-8?q?Cr=C3=AApes?=\r\n"
    b"Date: Fri, 20 Nov 2026 21:11:00 +0000\r\nMessage-ID: <1@crepes.test>\r\n\r\nHello Bob\r\n--=_u1\r\n"
)


def delivery(
    address="carol@hamburger.test",
    action=Action.FAILED,
    status=(5, 1, 1),
    reply=("550 5.1.1 No such user",),
    **more,
):
    orcpt = more.pop("orcpt", None)
    recipient = Recipient(parse_mailbox(address), orcpt=orcpt)
    return Delivery(recipient, action, EnhancedStatus(*status), reply, **more)


def report(*deliveries, **more):
    settings = {"reporting_mta": "mail.crepes.test", "sender": ALICE, "now": NOW, "unique": "u1"} | more
    return Report(deliveries=deliveries or (delivery(remote="mail.hamburger.test"),), **settings)


def read(made):
    """The three parts as the standard library sees them."""
    message = email.message_from_bytes(made.raw, policy=email.policy.default)
    assert not message.defects
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    parts = message.get_payload()
    assert len(parts) == 3
    return message, parts


def status_fields(part):
    """The groups of a delivery-status part, each as a list of pairs."""
    return [
        [(name, " ".join(str(value).split())) for name, value in group.items()]
        for group in part.get_payload()
    ]


def test_a_failure():
    made = compose_dsn(report(), ORIGINAL)
    message, (text, status, returned) = read(made)
    assert made.envelope == Envelope(None, [Recipient(ALICE, notify=Notify.NEVER)], size=len(made.raw))
    assert message["From"] == "Mail Delivery System <postmaster@mail.crepes.test>"
    assert message["To"] == "alice@crepes.test"
    assert message["Subject"] == "Undeliverable: Crêpes"
    assert message["Message-ID"] == "<u1@mail.crepes.test>"
    assert message["In-Reply-To"] == message["References"] == "<1@crepes.test>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert status.get_content_type() == "message/delivery-status"
    assert status_fields(status) == [
        [("Reporting-MTA", "dns; mail.crepes.test")],
        [
            ("Final-Recipient", "rfc822; carol@hamburger.test"),
            ("Action", "failed"),
            ("Status", "5.1.1"),
            ("Remote-MTA", "dns; mail.hamburger.test"),
            ("Diagnostic-Code", "smtp; 550 5.1.1 No such user"),
        ],
    ]
    assert returned.get_content_type() == "message/rfc822"
    assert ORIGINAL in made.raw
    assert "Crêpes" in text.get_content()


def test_the_text_for_people():
    made = compose_dsn(report(journey=("12:00 accepted", "12:01 refused\x1b[2J")), ORIGINAL)
    assert read(made)[1][0].get_content().replace("\r\n", "\n") == (
        "This is the mail system of mail.crepes.test.\n"
        "\n"
        "Your message could not be delivered to:\n"
        "\n"
        "  <carol@hamburger.test>\n"
        "    The server mail.hamburger.test said:\n"
        "      550 5.1.1 No such user\n"
        "    There is no mailbox of this name at the recipient's system. Check the\n"
        "    address, letter by letter, or ask the recipient for it by other means.\n"
        "\n"
        "Nothing more will be tried for these recipients.\n"
        "\n"
        "The message was:\n"
        "\n"
        "  Subject: Crêpes\n"
        "  Date: Fri, 20 Nov 2026 21:11:00 +0000\n"
        "  Message-ID: <1@crepes.test>\n"
        "\n"
        "How it went:\n"
        "\n"
        "  12:00 accepted\n"
        "  12:01 refused\\x1b[2J\n"
        "\n"
        "The details for mail programs follow, and then your message or its header.\n"
    )


def test_all_the_fields():
    made = compose_dsn(
        report(
            delivery(
                action=Action.DELAYED,
                status=(4, 4, 1),
                reply=("connection timed out",),
                orcpt="rfc822;Carol+@Hamburger.test",
                last_attempt=NOW - 60,
                retry_until=NOW + 86400,
            ),
            envid="QQ 314159",
            arrival=NOW - 3600,
            received_from="laptop.crepes.test",
            journey_id="J1",
            offset=60,
        ),
        ORIGINAL,
    )
    message, (text, status, returned) = read(made)
    assert message["Subject"] == "Delayed: Crêpes"
    assert status_fields(status) == [
        [
            ("Original-Envelope-Id", "QQ 314159"),
            ("Reporting-MTA", "dns; mail.crepes.test"),
            ("Received-From-MTA", "dns; laptop.crepes.test"),
            ("Arrival-Date", "Fri, 20 Nov 2026 21:12:00 +0100"),
            ("X-Postroom-Journey", "J1"),
        ],
        [
            ("Original-Recipient", "rfc822; Carol+@Hamburger.test"),
            ("Final-Recipient", "rfc822; carol@hamburger.test"),
            ("Action", "delayed"),
            ("Status", "4.4.1"),
            ("Diagnostic-Code", "x-postroom; connection timed out"),
            ("Last-Attempt-Date", "Fri, 20 Nov 2026 22:11:00 +0100"),
            ("Will-Retry-Until", "Sat, 21 Nov 2026 22:12:00 +0100"),
        ],
    ]
    assert "It will be tried until Sat, 21 Nov 2026 21:12:00 +0000." in text.get_content()
    assert returned.get_content_type() == "text/rfc822-headers"
    assert b"Hello Bob" not in made.raw


def test_words_of_our_own_are_not_put_into_the_mouth_of_a_server():
    ours = delivery(
        status=(5, 3, 4), reply=("The next system takes at most 9 octets",), remote="mx.hamburger.test"
    )
    text, status, _ = read(compose_dsn(report(ours), ORIGINAL))[1]
    assert "    The next system takes at most 9 octets\r\n" in text.get_content()
    assert "said" not in text.get_content()
    assert ("Remote-MTA", "dns; mx.hamburger.test") in status_fields(status)[1]


@pytest.mark.parametrize(
    ("remote", "mta"),
    [
        ("mx.hamburger.test [192.0.2.7]:25", "dns; mx.hamburger.test ([192.0.2.7]:25)"),
        ("192.0.2.7 [192.0.2.7]:25", "dns; [192.0.2.7] ([192.0.2.7]:25)"),
        ("a(b [192.0.2.7]:25", "dns; a?b ([192.0.2.7]:25)"),
    ],
)
def test_a_server_is_named_by_a_domain_and_its_address_is_a_comment(remote, mta):
    """RFC 3461 §9.3, RFC 3464 §2.2.4."""
    made = compose_dsn(report(delivery(remote=remote), received_from=remote), ORIGINAL)
    fields = status_fields(read(made)[1][1])
    assert ("Remote-MTA", mta) in fields[1]
    assert ("Received-From-MTA", mta) in fields[0]


def test_a_delay_is_not_told_as_the_end():
    late = delivery(action=Action.DELAYED, status=(4, 4, 7), reply=("1.2.3.4 port 25: Connection refused",))
    text = read(compose_dsn(report(late), ORIGINAL))[1][0].get_content()
    assert "All attempts failed" not in text
    assert "    No attempt to deliver it has succeeded so far.\r\n" in text


@pytest.mark.parametrize(
    ("action", "subject"),
    [(Action.DELIVERED, "Delivered"), (Action.RELAYED, "Delivered"), (Action.EXPANDED, "Delivered")],
)
def test_success_returns_the_header_only(action, subject):
    made = compose_dsn(
        report(delivery(action=action, status=(2, 0, 0), reply=("250 Ok",)), ret=Ret.FULL), ORIGINAL
    )
    message, (text, status, returned) = read(made)
    assert message["Subject"] == f"{subject}: Crêpes"
    assert ("Action", str(action)) in status_fields(status)[1]
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "What" not in text.get_content()


@pytest.mark.parametrize(
    ("ret", "original", "whole", "kind"),
    [
        (None, ORIGINAL, True, "message/rfc822"),
        (Ret.FULL, ORIGINAL, True, "message/rfc822"),
        (Ret.HEADERS, ORIGINAL, True, "text/rfc822-headers"),
        (Ret.FULL, ORIGINAL, False, "text/rfc822-headers"),
        (Ret.FULL, ORIGINAL + b"x\r\n" * MAX_RETURNED, True, "text/rfc822-headers"),
        (None, ORIGINAL + b"\0", True, "text/rfc822-headers"),
        (None, ORIGINAL + b"bare\n", True, "text/rfc822-headers"),
        (None, ORIGINAL + b"x" * 999 + b"\r\n", True, "text/rfc822-headers"),
        (None, ORIGINAL + b"\xff\r\n", True, "message/rfc822"),
        (None, "Subject: Grüße\r\n\r\nx\r\n".encode(), True, "message/global"),
        (Ret.HEADERS, "Subject: Grüße\r\n\r\nx\r\n".encode(), True, "message/global-headers"),
        (Ret.HEADERS, b"Subject: Gr\xfc\r\n\r\nx\r\n", True, "text/rfc822-headers"),
        (None, b"\r\nno header\r\n", True, "message/rfc822"),
        (None, b"", True, "message/rfc822"),
    ],
)
def test_what_is_returned(ret, original, whole, kind):
    made = compose_dsn(report(ret=ret), original, whole=whole)
    message = email.message_from_bytes(made.raw, policy=email.policy.default)
    assert message.get_payload()[2].get_content_type() == kind
    assert made.envelope.body is (BodyKind.SEVEN_BIT if made.raw.isascii() else BodyKind.EIGHT_BIT)
    assert message["Content-Transfer-Encoding"] == (None if made.raw.isascii() else "8bit")
    assert len(made.raw) < 2 * MAX_RETURNED
    assert all(len(line) <= 998 for line in made.raw.split(b"\r\n"))


def test_a_header_is_cut_between_lines():
    original = b"X: " + b"a" * 70 + b"\r\n"
    made = compose_dsn(report(), original * 2000 + b"\r\n")
    returned = made.raw.partition(b"text/rfc822-headers\r\n\r\n")[2].partition(b"\r\n\r\n--")[0]
    assert set(returned.split(b"\r\n")) == {original.strip()}


def test_internationalized_recipient_over_a_7bit_way_back():
    made = compose_dsn(
        report(delivery("пётр@x.test", orcpt=r"utf-8;\x{43F}\x{2B}@x.test", status=(5, 6, 7))), ORIGINAL
    )
    _, (text, status, _) = read(made)
    assert made.raw.isascii()
    assert not made.envelope.smtputf8
    assert status_fields(status)[1][:2] == [
        ("Original-Recipient", r"utf-8; \x{43F}\x{2B}@x.test"),
        ("Final-Recipient", r"utf-8; \x{43F}\x{451}\x{442}\x{440}@x.test"),
    ]
    assert "<пётр@x.test>" in text.get_content()


@pytest.mark.parametrize("sender", ["a", "ü"])
@pytest.mark.parametrize("char", ["é", "日", "😀"])
def test_an_original_recipient_of_any_length(sender, char):
    made = compose_dsn(
        report(delivery(orcpt=f"utf-8;{char * 450}"), sender=Address(sender, "x.test")), ORIGINAL
    )
    assert all(len(line) <= 998 for line in made.raw.split(b"\r\n"))
    found = report_in(made.raw)
    assert found is not None
    assert set(found[0].original_recipient) == {char}


def test_internationalized_sender():
    made = compose_dsn(
        report(delivery("пётр@x.test"), sender=Address("ü", "x.test")), "Subject: ü\r\n\r\nü\r\n".encode()
    )
    assert made.envelope.smtputf8
    assert made.envelope.body is BodyKind.EIGHT_BIT
    assert b"To: \xc3\xbc@x.test\r\n" in made.raw
    assert b"Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n" in made.raw
    assert "Final-Recipient: utf-8; пётр@x.test\r\n".encode() in made.raw
    assert b"Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n" in made.raw


def test_hostile_replies():
    reply = ("550-a\r\nBcc: x", "550 \x1b]0;evil\x07\0", *["550-x" * 10_000] * 100_000)
    made = compose_dsn(report(delivery(reply=reply, remote="a\r\nX: y"), delivery("d@x.test")), ORIGINAL)
    message, (_, status, _) = read(made)
    assert "Bcc" not in message
    groups = status_fields(status)
    assert len(groups) == 3
    assert {name for name, _ in groups[1]} == {
        "Final-Recipient",
        "Action",
        "Status",
        "Remote-MTA",
        "Diagnostic-Code",
    }
    assert len(made.raw) < 30_000
    assert not set(made.raw) & {0, 7, 27}


@pytest.mark.parametrize(
    ("original", "kind"),
    [
        (b"Subject: x\r\n\r\ncr\xc3\xaape\r\n", "message/rfc822"),
        (b"Subject: Gr\xfc\r\n\r\nx\r\n", "text/rfc822-headers"),
        (b"Content-Transfer-Encoding: base64\r\n\r\ncr\xc3\xaape\r\n", "message/global"),
        (
            b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\ncr\xc3\xaape\r\n--b--\r\n",
            "message/global",
        ),
    ],
)
def test_a_report_reaches_a_server_that_takes_seven_bits_only(original, kind):
    """Whatever is returned: nobody would hear of a report that could not be sent."""
    made = compose_dsn(report(), original)
    message = email.message_from_bytes(made.raw, policy=email.policy.default)
    assert message.get_payload()[2].get_content_type() == kind
    assert downgrade(made.raw, eight_bit=False).isascii()


def test_the_boundary_is_not_in_the_content():
    assert (
        read(compose_dsn(report(), ORIGINAL + b"--=_u1_\r\n"))[1][2]
        .get_payload(0)
        .get_payload()
        .endswith("--=_u1_\r\n")
    )


def test_many_recipients():
    made = compose_dsn(report(*[delivery(f"u{number}@x.test") for number in range(1000)]), ORIGINAL)
    _, (text, status, _) = read(made)
    assert len(status.get_payload()) == 1001
    assert "<u999@x.test>" in text.get_content()


@given(
    st.sampled_from(["rfc822;", "utf-8;", "", "x;"]),
    st.text(max_size=60),
    st.text(max_size=60),
    st.lists(st.text(max_size=60), max_size=3).map(tuple),
    st.binary(max_size=100),
)
def test_anything_gives_a_report(kind, orcpt, envid, reply, tail):
    orcpt = kind + orcpt
    made = compose_dsn(report(delivery(orcpt=orcpt, reply=reply), envid=envid), b"Subject: " + tail)
    message = email.message_from_bytes(made.raw, policy=email.policy.compat32)
    assert len(message.get_payload()) == 3
    assert len(message.get_payload()[1].get_payload()) == 2
    head = made.raw.partition(b"\r\n\r\n")[0]
    assert {line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"} <= {
        *(b"Date", b"From", b"To", b"Subject", b"Message-ID", b"In-Reply-To", b"References"),
        *(b"Auto-Submitted", b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding"),
    }
    part = made.raw.partition(b"Content-Type: message/delivery-status\r\n\r\n")[2].partition(b"\r\n--=_")[0]
    parsed = parse_delivery_status(part)
    assert [one.final_recipient for one in parsed] == ["carol@hamburger.test"]
    assert parsed[0].status == EnhancedStatus(5, 1, 1)
