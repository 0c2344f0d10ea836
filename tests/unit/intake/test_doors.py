"""The doors over a real directory: who may send what to whom, what is repaired, what is stamped."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from people import at
from postroom.intake.client import Account, Client, Incoming
from postroom.intake.door import Parcel
from postroom.intake.local import LocalDoor
from postroom.intake.mx import MxDoor
from postroom.intake.submission import MOST_OCTETS, SubmissionDoor
from postroom.message.envelope import Envelope, Recipient
from postroom.message.errors import (
    BadContent,
    MailError,
    MessageTooBig,
    NoSuchUser,
    NotPermitted,
    Overloaded,
    OverQuota,
    RelayDenied,
    RoutingLoop,
)
from postroom.message.ids import IdKind, parse_id
from postroom.message.journey.events import Accepted, Hop, HopKind, Said, Secured
from postroom.net.session import Peer
from postroom.proto.smtp.config import Service
from smtp_session import TLS, Line, Talk, service
from sorting_office import MESSAGE, SortingOffice, bounce_of

BOB = "bob@hamburger.test"


def client(office: SortingOffice, login: str = "") -> Client:
    peer, local = Peer("192.0.2.7", 1234), Peer("192.0.2.25", 25)
    one = Client(peer, local, helo="a.test", esmtp=True, tls=TLS)
    if login:
        one.login = Account(office.bob, login, "PLAIN")
    return one


def incoming(sender: str | None = "x@r.test", **more: Any) -> Incoming:
    return Incoming(Envelope(at(sender) if sender else None, [], **more), Hop(HopKind.RECEIVED, 0))


def submission(office: SortingOffice) -> SubmissionDoor:
    return SubmissionDoor(office.premises(), lambda: "unique")


async def hand_in(
    office: SortingOffice,
    door: Any,
    content: bytes,
    *recipients: str,
    said: list[bytes] | None = None,
    **more: Any,
) -> Incoming:
    """The whole way through a door."""
    sender = more.get("sender", BOB)
    login = BOB if isinstance(door, SubmissionDoor) else ""
    who, letter = client(office, login), incoming(sender, priority=more.get("priority", 0))
    letter.again = more.get("again", False)
    await door.mail(who, letter)
    for one in recipients or (BOB,):
        recipient = Recipient(at(one))
        await door.rcpt(who, letter, recipient)
        letter.envelope.recipients.append(recipient)
    await door.message(who, letter, Parcel(office.ids.next(), content, said or []))
    return letter


async def header_of(office: SortingOffice) -> str:
    return (await office.inbox(office.bob))[-1].partition(b"\r\n\r\n")[0].decode()


async def test_mail_is_stamped(office: SortingOffice) -> None:
    await hand_in(office, MxDoor(office.premises()), MESSAGE, sender="x@r.test")
    lines = (await header_of(office)).split("\r\n")
    assert lines[2:6] == [
        "Received: from a.test ([192.0.2.7])",
        "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256 bits))",
        lines[4],
        lines[5],
    ]
    assert lines[4].startswith("\tby mx.hamburger.test with ESMTPS id J")
    assert lines[5].startswith("\tfor <bob@hamburger.test>; ")


@pytest.mark.parametrize(("asked", "said"), [(-4, ["PRIORITY -4"]), (4, []), (0, [])])
async def test_a_priority_stands_in_received_as_it_was_granted(
    office: SortingOffice, asked: int, said: list[str]
) -> None:
    await hand_in(office, MxDoor(office.premises()), MESSAGE, priority=asked)
    header = await header_of(office)
    assert [line.strip().partition(";")[0] for line in header.split("\r\n") if "PRIORITY" in line] == said


async def test_a_user_may_raise_a_priority(office: SortingOffice) -> None:
    await hand_in(office, submission(office), MESSAGE.replace(b"alice@crepes.test", BOB.encode()), priority=4)
    assert "PRIORITY 4; " in await header_of(office)


@pytest.mark.parametrize(
    "content",
    [b"Do you like ketchup?\r\nHow about pickles?\r\n", b"Subject: x\r\nDo you like ketchup?\r\n"],
    ids=["no header", "header without an empty line"],
)
async def test_the_text_never_becomes_header(office: SortingOffice, content: bytes) -> None:
    await hand_in(office, MxDoor(office.premises()), content)
    header, _, body = (await office.inbox(office.bob))[0].partition(b"\r\n\r\n")
    assert b"ketchup" not in header
    assert body.startswith(b"Do you like ketchup?\r\n")


@pytest.mark.parametrize(("hops", "error"), [(100, None), (101, RoutingLoop)])
async def test_a_hundred_received_fields_are_enough(
    office: SortingOffice, hops: int, error: type[MailError] | None
) -> None:
    content = b"Received: by x; date\r\n" * hops + MESSAGE
    if error is None:
        await hand_in(office, MxDoor(office.premises()), content)
        return
    with pytest.raises(error):
        await hand_in(office, MxDoor(office.premises()), content)
    assert await office.empty()


OPEN_RELAY = [
    ("x@r.test", "550 5.7.1"),
    ("x%r.test@hamburger.test", "550 5.1.1"),
    ("@hamburger.test:x@r.test", "550 5.7.1"),
    ("r.test!x@hamburger.test", "550 5.1.1"),
    ('"x@r.test"@hamburger.test', "550 5.1.1"),
    ('"x@r.test"', "501 5.1.3"),
    ("x@r.test@hamburger.test", "501 5.1.3"),
    ("x@[127.0.0.1]", "550 5.7.1"),
    ("|id@hamburger.test", "550 5.1.1"),
    ('""@hamburger.test', "550 5.1.1"),
    ("a..b@hamburger.test", "501 5.1.3"),
    ("bob@hamburger.test", "250 2.1.5"),
    ("BOB@Hamburger.TEST", "250 2.1.5"),
    ("Postmaster", "250 2.1.5"),
]


@pytest.mark.parametrize("sender", ["", "bob@hamburger.test", "postmaster"])
@pytest.mark.parametrize(("path", "code"), OPEN_RELAY)
async def test_no_open_relay(office: SortingOffice, path: str, code: str, sender: str) -> None:
    talk = Talk(service(MxDoor(office.premises())))
    await talk.say("EHLO a.test", f"MAIL FROM:<{sender if '@' in sender else ''}>")
    assert [line[:9] for line in await talk.say(f"RCPT TO:<{path}>")] == [code]


async def test_unknown_recipients_are_refused_at_once_and_not_for_ever(office: SortingOffice) -> None:
    talk = Talk(service(MxDoor(office.premises())))
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>")
    said = await talk.say(*(f"RCPT TO:<user{n}@hamburger.test>" for n in range(50)))
    assert [line[:9] for line in said] == ["550 5.1.1"] * 20 + ["421 4.7.0"]
    assert await office.empty()  # and no report to whoever the sender was said to be


async def test_a_login_may_relay_over_lmtp_or_mx(office: SortingOffice) -> None:
    letter = incoming()
    await MxDoor(office.premises()).rcpt(client(office, BOB), letter, Recipient(at("x@r.test")))
    assert letter.known == {0: None}
    with pytest.raises(RelayDenied):
        await MxDoor(office.premises()).rcpt(client(office), letter, Recipient(at("x@r.test")))


@pytest.mark.parametrize(
    ("size", "error"), [(0, OverQuota), (50, OverQuota), (10_000, MessageTooBig)], ids=str
)
async def test_a_full_mailbox_says_so_at_rcpt(
    office: SortingOffice, size: int, error: type[MailError]
) -> None:
    full = await office.add_account("full@hamburger.test", quota=1000)
    await office.engine.write(
        lambda tx: tx.execute("UPDATE accounts SET used_bytes = 1000 WHERE account_id = $1", full)
    )
    office.router.forget()
    with pytest.raises(error):
        await MxDoor(office.premises()).rcpt(
            client(office), incoming(size=size), Recipient(at("full@hamburger.test"))
        )


async def test_a_server_without_room_says_so_at_mail(office: SortingOffice) -> None:
    asked: list[int] = []

    def full(size: int) -> None:
        asked.append(size)
        raise Overloaded

    full_office = office.premises(full)
    user = SubmissionDoor(full_office, lambda: "unique")
    local = LocalDoor(full_office, lambda: "unique")
    with pytest.raises(Overloaded):
        await MxDoor(full_office).mail(client(office), incoming(size=70))
    with pytest.raises(Overloaded):
        await user.mail(client(office, BOB), incoming(BOB, size=71))
    with pytest.raises(Overloaded):
        await local.submit("bob", Envelope(at(BOB), [Recipient(at(BOB))]), MESSAGE)
    assert asked == [70, 71, len(MESSAGE)]


# --------------------------------------------------------------------------------------------------------------- submission


@pytest.mark.parametrize(
    ("sender", "allowed"),
    [
        (BOB, True),
        ("BOB@hamburger.test", True),
        ("bob+shop@hamburger.test", True),
        ("sales@hamburger.test", True),
        (None, True),
        ("boss@hamburger.test", False),
        ("x@r.test", False),
        ("nobody@hamburger.test", False),
    ],
)
async def test_who_may_be_the_sender(office: SortingOffice, sender: str | None, allowed: bool) -> None:
    await office.add_account("boss@hamburger.test")
    await office.add_alias("sales@hamburger.test", "boss@hamburger.test", "Bob@hamburger.test")
    door = submission(office)
    if allowed:
        await door.mail(client(office, BOB), incoming(sender))
    else:
        with pytest.raises(NotPermitted):
            await door.mail(client(office, BOB), incoming(sender))


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        (None, None),
        ("<>", "<>"),
        (BOB, BOB),
        ("bob+shop@hamburger.test", "bob+shop@hamburger.test"),
        ("boss@hamburger.test", "<>"),
        ("boss@big.example", "<>"),
        ("boss", "<>"),
    ],
)
async def test_for_whom_a_user_vouches(
    office: SortingOffice, said: str | None, passed_on: str | None
) -> None:
    """RFC 4954 §5: AUTH= of MAIL goes on to the next hop, which may believe it."""
    await office.add_account("boss@hamburger.test")
    one = incoming(BOB, auth=said)
    await submission(office).mail(client(office, BOB), one)
    assert one.envelope.auth == passed_on


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("From: boss@hamburger.test", NotPermitted),
        ("From: bob@hamburger.test\r\nFrom: boss@hamburger.test", BadContent),
        ("From: bob@hamburger.test, boss@hamburger.test", NotPermitted),
        ("From: bob@hamburger.test\r\nSender: boss@hamburger.test", NotPermitted),
        ("from : boss@hamburger.test", NotPermitted),
        ("From:\r\n boss@hamburger.test", NotPermitted),
        ('From: "bob@hamburger.test" <boss@hamburger.test>', NotPermitted),
        ("From: group: boss@hamburger.test;", NotPermitted),
        ("From: undisclosed:;", BadContent),
        ("From:", BadContent),
        ("From: <bob@hamburger.test> <boss@hamburger.test>", MailError),
        ("X: y\r\n" * 10_001 + "From: boss@hamburger.test", BadContent),
        # one From or several (a1), several addresses in it (a2), folded and spaced
        ("From: bob@hamburger.test\r\nfrOM: boss@hamburger.test", BadContent),
        ("From : bob@hamburger.test\r\nFrom: boss@hamburger.test", BadContent),
        ("From: bob@hamburger.test\r\nFrom\t: boss@hamburger.test", BadContent),
        ("From: boss@hamburger.test\r\nFrom: bob@hamburger.test", BadContent),
        ("From: <boss@hamburger.test>, <bob@hamburger.test>", NotPermitted),
        ("From: bob@hamburger.test,\r\n boss@hamburger.test", NotPermitted),
        ("From: bob@hamburger.test\r\n boss@hamburger.test", BadContent),
        ("From:\r\n\t \r\n boss@hamburger.test", NotPermitted),
        ("From: bob@hamburger.test; boss@hamburger.test", NotPermitted),
        ("From: group: bob@hamburger.test; boss@hamburger.test", NotPermitted),
        ("From: group: bob@hamburger.test, boss@hamburger.test;", NotPermitted),
        ("From: a:;, b: boss@hamburger.test;, bob@hamburger.test", NotPermitted),
        # what is no address, and what another parser may take for one
        ("From: <boss@hamburger.test><bob@hamburger.test>", BadContent),
        ("From: bob@hamburger.test <>", BadContent),
        ("From: <@boss@hamburger.test:bob@hamburger.test>", BadContent),
        ("From: <@boss.hamburger.test,@hamburger.test:bob@hamburger.test>", BadContent),
        ("From: boss@hamburger.test\\,<bob@hamburger.test>", BadContent),
        ("From: bob", BadContent),
        ("From: =?utf-8?q?=3Cboss=40hamburger.test=3E?=", BadContent),
        # the name that programs show (a3's relatives)
        ("From: boss@hamburger.test <bob@hamburger.test>", NotPermitted),
        ('From: "boss@hamburger.test" <bob@hamburger.test>', NotPermitted),
        ('From: "The Boss <boss@hamburger.test>," <bob@hamburger.test>', NotPermitted),
        ("From: bob@hamburger.test (boss@hamburger.test)", NotPermitted),
        ("From: =?utf-8?q?boss=40hamburger.test?= <bob@hamburger.test>", NotPermitted),
        ("From: =?utf-8?b?Ym9zc0BoYW1idXJnZXIudGVzdA==?=\r\n <bob@hamburger.test>", NotPermitted),
        ('From: "' + "a@b " * 11 + '" <bob@hamburger.test>', BadContent),
        # who sends, and sends again
        ("From: bob@hamburger.test\r\nSender: bob@hamburger.test\r\nSender: boss@hamburger.test", BadContent),
        ("From: bob@hamburger.test\r\nResent-From: boss@hamburger.test", NotPermitted),
        ("From: bob@hamburger.test\r\nResent-Sender: boss@hamburger.test", NotPermitted),
        ("From: bob@hamburger.test\r\n" + "Resent-From: bob@hamburger.test\r\n" * 11, BadContent),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_nobody_writes_under_anothers_name(
    office: SortingOffice, header: str, error: type[MailError]
) -> None:
    await office.add_account("boss@hamburger.test")
    with pytest.raises(error):
        await hand_in(office, submission(office), f"{header}\r\n\r\nHi\r\n".encode())
    assert await office.inbox(office.bob) == []


@pytest.mark.parametrize(
    "header",
    [
        "From: " + ", ".join(f"bob+{n}@hamburger.test" for n in range(101)),
        "From: bob@hamburger.test\r\nSender: " + ", ".join(f"bob+{n}@hamburger.test" for n in range(100)),
        "From: " + ", ".join(f'"bob+{n}@hamburger.test" <bob@hamburger.test>' for n in range(100)),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_so_many_senders_may_be_looked_up_for_one_message(office: SortingOffice, header: str) -> None:
    with pytest.raises(BadContent, match="more than 100 addresses"):
        await hand_in(office, submission(office), f"{header}\r\n\r\nHi\r\n".encode())


async def test_who_sends_is_said_in_so_many_octets(office: SortingOffice) -> None:
    again = f"Resent-From: bob@hamburger.test ({'x' * (MOST_OCTETS // 4)})\r\n"
    await hand_in(office, submission(office), f"{again * 3}From: bob@hamburger.test\r\n\r\nHi\r\n".encode())
    with pytest.raises(BadContent, match="more than 65536 octets"):
        await hand_in(
            office, submission(office), f"{again * 4}From: bob@hamburger.test\r\n\r\nHi\r\n".encode()
        )


@pytest.mark.parametrize(
    "header",
    [
        "From: Bob <bob@hamburger.test>",
        '"Bob" <bob@hamburger.test>',
        "From: bob@hamburger.test <bob@hamburger.test>",
        "From: =?utf-8?q?B=C3=B6b?= <bob+shop@hamburger.test>",
        'From: "support@big.example via Bob" <bob@hamburger.test>',
        "From: Bob @ Hamburger <bob@hamburger.test>",
        "From: us: bob@hamburger.test;",
        "From: bob@hamburger.test\r\nResent-From: bob@hamburger.test",
        "From: bob@hamburger.test\r\nReply-To: boss@hamburger.test",
        "From: " + ", ".join(f"bob+{n}@hamburger.test" for n in range(100)),
        "From: " + ", ".join(['"bob@hamburger.test" <bob@hamburger.test>'] * 100),
    ],
)
async def test_who_writes_as_himself_may_say_so_as_he_likes(office: SortingOffice, header: str) -> None:
    await office.add_account("boss@hamburger.test")
    await hand_in(office, submission(office), f"{header}\r\n\r\nHi\r\n".encode())
    assert len(await office.inbox(office.bob)) == 1


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ("", BadContent),
        ("Resent-From: boss@hamburger.test\r\n", NotPermitted),
        ("Resent-From: boss@hamburger.test\r\nResent-From: bob@hamburger.test\r\n", NotPermitted),
        ("Resent-From: bob@hamburger.test\r\nResent-From: boss@hamburger.test\r\n", None),
    ],
)
async def test_who_sends_once_more_says_so_himself(
    office: SortingOffice, block: str, error: type[MailError] | None
) -> None:
    """RFC 5322 §3.6.6: the topmost block is of this time."""
    await office.add_account("boss@hamburger.test")
    text = f"{block}From: dora@kitchen.test\r\n\r\nHi\r\n".encode()
    with pytest.raises(error) if error else contextlib.nullcontext():
        await hand_in(office, submission(office), text, again=True)
    assert len(await office.inbox(office.bob)) == (0 if error else 1)


async def test_a_line_that_is_no_field_ends_the_header_for_everybody(office: SortingOffice) -> None:
    """What comes behind it must not be read as a field by the next program."""
    text = b"From: bob@hamburger.test\r\nno field\r\nFrom: boss@hamburger.test\r\n\r\nHi\r\n"
    await hand_in(office, submission(office), text)
    header = await header_of(office)
    assert "boss@" not in header


async def test_what_is_missing_is_added_and_what_is_private_taken_out(office: SortingOffice) -> None:
    await hand_in(office, submission(office), b"Subject: x\r\nBcc: eve@r.test\r\n\r\nHi\r\n")
    header = await header_of(office)
    assert "\r\nFrom: bob@hamburger.test\r\n" in header
    assert "\r\nMessage-ID: <unique@mx.hamburger.test>\r\n" in header
    assert "\r\nDate: " in header
    assert "Bcc" not in header
    assert "(authenticated as bob@hamburger.test)" in header


async def test_a_message_from_nobody_has_an_author_all_the_same(office: SortingOffice) -> None:
    await hand_in(office, submission(office), b"Subject: x\r\n\r\nHi\r\n", sender=None)
    assert "\r\nFrom: bob@hamburger.test\r\n" in await header_of(office)


async def test_without_a_login_nothing_is_submitted(office: SortingOffice) -> None:
    with pytest.raises(NotPermitted):
        await submission(office).rcpt(client(office), incoming(), Recipient(at("x@r.test")))


async def test_unknown_local_recipients_of_users_are_refused_too(office: SortingOffice) -> None:
    with pytest.raises(NoSuchUser):
        await hand_in(office, submission(office), MESSAGE, "nobody@hamburger.test")


# ------------------------------------------------------------------------------------------------------------- local users


async def test_sendmail_is_named_in_received(office: SortingOffice) -> None:
    door = LocalDoor(office.premises(), lambda: "unique")
    envelope = Envelope(at("root@hamburger.test"), [Recipient(at(BOB))])
    await door.submit("root", envelope, b"Subject: x\r\n\r\nHi\r\n")
    header = await header_of(office)
    assert "Received: (from root@localhost)\r\n\tby mx.hamburger.test id J" in header
    assert "\r\nMessage-ID: <unique@mx.hamburger.test>" in header


async def test_one_recipient_who_is_gone_does_not_keep_a_local_message_from_the_others(
    office: SortingOffice,
) -> None:
    carol = await office.add_account("carol@hamburger.test")
    door = LocalDoor(office.premises(), lambda: "unique")
    gone = Recipient(at("nobody@hamburger.test"))
    await door.submit("bob", Envelope(at(BOB), [gone, Recipient(at("carol@hamburger.test"))]), MESSAGE)
    assert len(await office.inbox(carol)) == 1
    [report] = await office.inbox(office.bob)
    assert bounce_of(report) == (
        "Final-Recipient: rfc822; nobody@hamburger.test",
        "Action: failed",
        "Status: 5.1.1",
    )


@pytest.mark.parametrize("sender", [None, "www-data@hamburger.test", BOB])
async def test_a_local_message_is_refused_where_nobody_would_hear_of_it_or_nobody_gets_it(
    office: SortingOffice, sender: str | None
) -> None:
    door = LocalDoor(office.premises(), lambda: "unique")
    recipients = [Recipient(at("nobody@hamburger.test")), Recipient(at("none@hamburger.test"))]
    if sender != BOB:
        recipients.append(Recipient(at(BOB)))
    with pytest.raises(NoSuchUser):
        await door.submit("bob", Envelope(at(sender) if sender else None, recipients), MESSAGE)
    assert await office.inbox(office.bob) == []
    assert await office.empty()


# ------------------------------------------------------------------------------------------------------------- the journey


async def test_what_was_said_in_the_clear_stands_before_tls(office: SortingOffice) -> None:
    said = [b">220 hi", b"<STARTTLS", b">220 go", b"~TLS", b"<EHLO a", b">250 ok"]
    who, letter = client(office), incoming()
    letter.hop.record(Secured(0, TLS.version, TLS.cipher))
    letter.envelope.recipients.append(Recipient(at(BOB)))
    await MxDoor(office.premises()).message(who, letter, Parcel(1, MESSAGE, said))
    [hop] = await office.hops(1)
    said_events = [event for event in hop.events if isinstance(event, Said | Secured)]
    assert [type(event) for event in said_events] == [Said, Secured, Said]
    assert (said_events[0].tls, said_events[0].lines) == (False, said[:3])
    assert (said_events[2].tls, said_events[2].lines) == (True, said[4:])
    assert [type(event) for event in hop.events if isinstance(event, Accepted)] == [Accepted]


async def test_lmtp_through_the_real_door(office: SortingOffice) -> None:
    await office.add_account("full@hamburger.test", quota=150)
    office.router.forget()
    talk = Talk(service(MxDoor(office.premises()), kind=Service.LMTP), Line("127.0.0.1"))
    said = await talk.message(BOB, "full@hamburger.test", body="Subject: x\r\n\r\n" + "y" * 60)
    assert [line[:9] for line in said[-2:]] == ["250 2.0.0", "452 4.2.2"]
    assert len(await office.inbox(office.bob)) == 1
    [hop] = await office.hops(parse_id(IdKind.JOURNEY, said[-2].rpartition(" ")[2]) or 0)
    [told] = [event for event in hop.events if isinstance(event, Said)]
    assert told.lines[-2:] == [b">" + line.encode() for line in said[-2:]]
    again = await talk.message(BOB, body="Subject: x\r\n\r\ny")
    [hop] = await office.hops(parse_id(IdKind.JOURNEY, again[-1].rpartition(" ")[2]) or 0)
    [told] = [event for event in hop.events if isinstance(event, Said)]
    assert told.lines[0].startswith(b"<LHLO")


@pytest.mark.parametrize(("login", "asked", "given"), [("", 9, 0), ("", -3, -3), ("", 0, 0), (BOB, 9, 9)])
async def test_strangers_do_not_get_ahead_of_others(
    office: SortingOffice, login: str, asked: int, given: int
) -> None:
    arriving = incoming(priority=asked)
    await MxDoor(office.premises()).mail(client(office, login), arriving)
    assert arriving.envelope.priority == given
