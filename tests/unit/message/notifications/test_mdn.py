"""Disposition notifications written and read (RFC 8098 §3)."""

import random
from email import message_from_bytes, policy

import pytest

from people import at
from postroom.message.headers.fields import FieldRefused, Mailbox
from postroom.message.headers.header import Header
from postroom.message.notifications.mdn import (
    MAX_ASKING,
    MAX_RETURNED,
    Disposition,
    DispositionNotice,
    asking,
    compose_mdn,
    is_extension,
    original_recipient,
)
from postroom.message.notifications.mdn_parse import MAX_ERRORS, MAX_EXTENSIONS, parse_mdn

ORIGINAL = (
    b"From: jane@far.test\r\nTo: joe@example.com\r\nSubject: lunch\r\nMessage-ID: <1@far.test>\r\n"
    b"Original-Recipient: rfc822; info@example.com\r\nDisposition-Notification-To: Jane <jane@far.test>, boss@far.test\r\n\r\nAt one?\r\n"
)
# RFC 8098 §10, with line ends of its own.
EXAMPLE = """Date: Wed, 20 Sep 1995 00:19:00 (EDT) -0400
From: Joe Recipient <Joe_Recipient@example.com>
Message-Id: <199509200019.12345@example.com>
Subject: Disposition notification
To: Jane Sender <Jane_Sender@example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification;
      boundary="RAA14128.773615765/example.com"

--RAA14128.773615765/example.com

The message sent on 1995 Sep 19 at 13:30:00 (EDT) -0400 to Joe
Recipient <Joe_Recipient@example.com> with subject "First draft of
report" has been displayed.
This is no guarantee that the message has been read or understood.

--RAA14128.773615765/example.com
content-type: message/disposition-notification

Reporting-UA: joes-pc.cs.example.com; Foomail 97.1
Original-Recipient: rfc822;Joe_Recipient@example.com
Final-Recipient: rfc822;Joe_Recipient@example.com
Original-Message-ID: <199509192301.23456@example.org>
Disposition: manual-action/MDN-sent-manually; displayed

--RAA14128.773615765/example.com
content-type: message/rfc822

[original message optionally goes here]

--RAA14128.773615765/example.com--
""".replace("\n", "\r\n").encode()


def notice(**other: object) -> DispositionNotice:
    values = {
        "author": Mailbox(at("joe@example.com"), "Joe"),
        "final_recipient": at("joe@example.com"),
        "disposition": Disposition("manual-action", "mdn-sent-manually", "displayed"),
        "now": 1_750_000_000,
        "unique": "u1",
        "subject": "Read: lunch",
        "text": "It was shown.\n",
    }
    return DispositionNotice(**(values | other))  # type: ignore[arg-type]


def test_the_example_of_the_rfc() -> None:
    found = parse_mdn(EXAMPLE)
    assert found is not None
    assert found.disposition == Disposition("manual-action", "mdn-sent-manually", "displayed")
    assert found.reporting_ua == "joes-pc.cs.example.com; Foomail 97.1"
    assert found.final_recipient == found.original_recipient == "rfc822; Joe_Recipient@example.com"
    assert found.address == "Joe_Recipient@example.com"
    assert found.original_message_id == "<199509192301.23456@example.org>"
    assert found.subject == "Disposition notification"
    assert found.text is not None
    assert "has been displayed" in found.text
    assert found.returned


def test_what_is_written_is_read_again() -> None:
    raw = compose_mdn(notice(reporting_ua="Postroom", extensions={"X-Colour": "red"}), ORIGINAL)
    assert raw.isascii()
    message = message_from_bytes(raw, policy=policy.default)
    assert message["From"] == "Joe <joe@example.com>"
    assert message["To"] == "jane@far.test, boss@far.test"
    assert message["In-Reply-To"] == message["References"] == "<1@far.test>"
    assert message["Message-ID"] == "<u1@example.com>"
    assert "Disposition-Notification-To" not in message
    assert message.get_content_type() == "multipart/report"
    assert message["Content-Type"].params["report-type"] == "disposition-notification"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "message/disposition-notification",
    ]  # type: ignore[union-attr]
    found = parse_mdn(raw)
    assert found is not None
    assert found.original_recipient == "rfc822; info@example.com"
    assert found.final_recipient == "rfc822; joe@example.com"
    assert found.original_message_id == "<1@far.test>"
    assert found.extensions == {"X-Colour": "red"}
    assert found.reporting_ua == "Postroom"
    assert found.text == "It was shown.\n"
    assert not found.returned


def test_the_original_comes_back() -> None:
    assert b"At one?" in compose_mdn(notice(include_original=True), ORIGINAL)
    for size, whole in ((MAX_RETURNED, True), (MAX_RETURNED + 1, False)):
        body = (b"x" * 70 + b"\r\n") * 2000
        original = ORIGINAL + body
        original = original[: size - 2] + b"\r\n"
        raw = compose_mdn(notice(include_original=True), original)
        assert (b"message/rfc822" in raw) is whole
        assert (b"text/rfc822-headers" in raw) is not whole
    eight = compose_mdn(notice(include_original=True), ORIGINAL + "Grüße\r\n".encode())
    assert eight.count(b"Content-Transfer-Encoding: 8bit") == 2
    binary = compose_mdn(notice(include_original=True), ORIGINAL + b"\0\r\n")
    assert b"text/rfc822-headers" in binary
    strange = ORIGINAL.replace(b"Subject: lunch", "Subject: Grüße".encode())
    assert compose_mdn(notice(include_original=True), strange).isascii()


def test_texts_outside_ascii() -> None:
    raw = compose_mdn(
        notice(text="Schön.\n", subject="Schön", final_recipient=at("zoë@example.com")), ORIGINAL
    )
    found = parse_mdn(raw)
    assert found is not None
    assert (found.text, found.subject, found.final_recipient) == (
        "Schön.\n",
        "Schön",
        "utf-8; zoë@example.com",
    )
    with pytest.raises(FieldRefused):
        compose_mdn(notice(subject="a\r\nBcc: everybody@far.test"), ORIGINAL)


def test_automatic_ones_say_so() -> None:
    automatic = Disposition("automatic-action", "mdn-sent-automatically", "deleted")
    raw = compose_mdn(notice(disposition=automatic), ORIGINAL)
    assert b"Auto-Submitted: auto-replied" in raw
    assert b"Disposition: automatic-action/MDN-sent-automatically; deleted" in raw


def test_who_asks() -> None:
    def asked(*values: str) -> list[str]:
        fields = "".join(f"Disposition-Notification-To: {one}\r\n" for one in values)
        return [str(one) for one in asking(Header.parse(f"{fields}\r\n".encode()))]

    assert asked() == []
    assert asked("Jane <jane@far.test>") == ["jane@far.test"]
    assert asked("jane@far.test", "joe@far.test") == []
    assert asked("nonsense") == []
    assert asked("jane@far.test, nonsense") == []
    assert len(asked(", ".join(f"p{n}@far.test" for n in range(MAX_ASKING)))) == MAX_ASKING
    assert asked(", ".join(f"p{n}@far.test" for n in range(MAX_ASKING + 1))) == []
    with pytest.raises(ValueError, match="nobody"):
        compose_mdn(notice(), b"Subject: x\r\n\r\n")


def test_original_recipients() -> None:
    def read(*values: str) -> str:
        return original_recipient(
            Header.parse("".join(f"Original-Recipient: {one}\r\n" for one in values).encode() + b"\r\n")
        )

    assert read("rfc822;a@b") == "rfc822; a@b"
    assert read() == read("a@b") == read("rfc822;") == read("rfc822;a@b", "rfc822;c@d") == ""


def test_extension_names() -> None:
    assert is_extension("X-Colour")
    assert not any(map(is_extension, ("Disposition", "final-recipient", "a b", "a:", "", "x" * 71)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"multipart/report", b"multipart/mixed"),
        (b"content-type: message/disposition-notification", b"content-type: text/plain"),
        (b"Disposition: manual-action/MDN-sent-manually; displayed", b"Disposition: read"),
        (b"MDN-sent-manually", b"MDN-sent-by-bike"),
        (b"Final-Recipient: rfc822;", b"Final-Recipient: "),
    ],
)
def test_what_is_none(old: bytes, new: bytes) -> None:
    assert old in EXAMPLE
    assert parse_mdn(EXAMPLE.replace(old, new)) is None


def test_a_bounce_of_a_notification_is_none() -> None:
    bounce = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nIt bounced.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; l.test\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + EXAMPLE + b"\r\n--b--\r\n"
    )
    assert parse_mdn(bounce) is None


def test_the_text_is_the_notifications_own() -> None:
    html = EXAMPLE.replace(
        b"example.com\r\n\r\nThe message sent",
        b"example.com\r\nContent-Type: text/html\r\n\r\nThe message sent",
    )
    found = parse_mdn(html)
    assert found is not None
    assert found.text is None
    assert found.returned


def test_fields_are_folded_as_their_writer_likes() -> None:
    raw = EXAMPLE.replace(b"com; Foomail 97.1", b"com;\r\n\tFoomail 97.1 (for desks)")
    notice = parse_mdn(raw)
    assert notice is not None
    assert notice.reporting_ua == "joes-pc.cs.example.com; Foomail 97.1"


def test_errors_gateways_and_limits() -> None:
    more = b"".join(b"Error: %d\r\n" % n for n in range(MAX_ERRORS + 1)) + b"MDN-Gateway: dns; x400.test\r\n"
    more += b"".join(b"X-%d: y\r\n" % n for n in range(MAX_EXTENSIONS + 1))
    found = parse_mdn(EXAMPLE.replace(b"displayed\r\n\r\n--", b"displayed/error\r\n" + more + b"\r\n--"))
    assert found is not None
    assert len(found.errors) == MAX_ERRORS
    assert len(found.extensions) == MAX_EXTENSIONS
    assert found.gateway == "dns; x400.test"
    assert found.disposition.type == "displayed"


def test_whatever_comes_is_read_or_is_none() -> None:
    chance = random.Random(8098)
    pieces = [
        b"\r\n",
        b"\n",
        b"--RAA14128.773615765/example.com",
        b":",
        b";",
        b"/",
        b"(",
        b"\0",
        b"\xff",
        b"+",
        b"utf-8;",
        b"Error: x\r\n",
    ]
    for _ in range(500):
        raw = bytearray(EXAMPLE)
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randrange(20)] = chance.choice(pieces)
        found = parse_mdn(bytes(raw))
        assert found is None or found.final_recipient
    assert parse_mdn(b"") is None
    assert parse_mdn(EXAMPLE.replace(b"(EDT)", b"(" * 10_000)) is not None
    assert parse_mdn(EXAMPLE.replace(b"; displayed", b"; displayed/" + b", x" * 100_000)) is not None
