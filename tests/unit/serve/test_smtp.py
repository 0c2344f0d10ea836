"""SMTP sessions: the real machine, a door that takes everything, a connection that only notes what it is asked."""

import base64

import pytest

from postroom.intake.client import Manner
from postroom.intake.door import HangUp
from postroom.message.envelope import Envelope
from postroom.message.errors import NoSuchUser, OverQuota, TryLater
from postroom.message.journey.events import Authenticated, Connected, Secured
from postroom.net.session import TlsFacts
from postroom.proto.smtp.config import Limits, Service
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.serve.smtp.queue import QueueDesk
from postroom.serve.smtp.session import LONGEST_BODY, PAUSE_SECONDS
from postroom.store.spool.jobs import Destinations
from smtp_session import TLS, Line, OpenDoor, Talk, service

BOB = base64.b64encode(b"\0bob@hamburger.test\0right").decode()
WRONG = base64.b64encode(b"\0bob@hamburger.test\0wrong").decode()


def codes(said: list[str]) -> list[str]:
    return [line[:9] for line in said]


async def test_a_message_is_handed_over_with_what_is_known_of_it() -> None:
    door = OpenDoor()
    said = await Talk(service(door)).message("bob@hamburger.test", "eve@hamburger.test")
    assert said[-1].startswith("250 2.0.0 Ok: queued as J")
    [(client, incoming, parcel)] = door.taken
    assert (client.helo, client.esmtp, client.peer.ip) == ("a.test", True, "192.0.2.7")
    assert [str(one.address) for one in incoming.envelope.recipients] == [
        "bob@hamburger.test",
        "eve@hamburger.test",
    ]
    assert parcel.content == b"Subject: x\r\n\r\nHello\r\n"
    assert parcel.said[0].startswith(b">220")
    assert parcel.said[-1] == b">" + said[-1].encode()
    assert isinstance(incoming.hop.events[0], Connected)


async def test_each_message_has_a_dialogue_of_its_own() -> None:
    door = OpenDoor()
    talk = Talk(service(door))
    await talk.message()
    await talk.message()
    assert door.taken[1][2].said[0] == b"<EHLO a.test"
    assert sum(line.startswith(b"<MAIL") for line in door.taken[1][2].said) == 1


async def test_after_starttls_everything_is_forgotten() -> None:
    door = OpenDoor()
    talk = Talk(service(door, starttls=True, mechanisms=("PLAIN",)))
    await talk.say("EHLO before.test", "STARTTLS")
    assert codes(await talk.say("MAIL FROM:<x@r.test>")) == ["503 5.5.1"]
    await talk.message()
    client, incoming, parcel = door.taken[0]
    assert client.helo == "a.test"
    assert client.tls is TLS
    assert [type(event) for event in incoming.hop.events] == [Connected, Secured]
    assert parcel.said.index(b"~TLS") > 0


async def test_implicit_tls_is_there_from_the_greeting() -> None:
    door = OpenDoor()
    await Talk(service(door), Line(tls=TlsFacts("TLSv1.2", "X", 128))).message()
    assert door.taken[0][0].tls is not None
    assert door.taken[0][2].said[0] == b"~TLS"


async def test_a_login_is_in_the_journey_and_masked_in_the_dialogue() -> None:
    door = OpenDoor()
    talk = Talk(service(door, mechanisms=("PLAIN",), plaintext_auth=True, auth_required=True))
    assert codes(await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>"))[-1] == "530 5.7.0"
    assert codes(await talk.say(f"AUTH PLAIN {WRONG}", f"AUTH PLAIN {BOB}")) == ["535 5.7.8", "235 2.7.0"]
    await talk.message()
    client, incoming, parcel = door.taken[0]
    assert client.login is not None
    assert client.login.address == "bob@hamburger.test"
    assert Authenticated(0, "bob@hamburger.test", "PLAIN") in incoming.hop.events
    assert not any(BOB.encode() in line or WRONG.encode() in line for line in parcel.said)


async def test_what_a_stranger_says_of_the_sender_counts_for_nothing() -> None:
    door = OpenDoor()
    talk = Talk(service(door, mechanisms=("PLAIN",), plaintext_auth=True))
    await talk.say(
        "EHLO a.test", "MAIL FROM:<x@r.test> AUTH=boss@r.test", "RCPT TO:<bob@hamburger.test>", "DATA"
    )
    await talk.hear(b"Hi\r\n.\r\n")
    assert door.taken[0][1].envelope.auth == "<>"


async def test_lmtp_has_a_reply_for_each_recipient() -> None:
    door = OpenDoor()
    door.errors = {"full": OverQuota(), "no": NoSuchUser()}
    said = await Talk(service(door, kind=Service.LMTP)).message("bob@l.test", "full@l.test", "no@l.test")
    assert codes(said[-3:]) == ["250 2.0.0", "452 4.2.2", "550 5.1.1"]


@pytest.mark.parametrize(
    ("error", "code"), [(NoSuchUser(), "550 5.1.1"), (TryLater(), "451 4.3.0"), (OverQuota(), "452 4.2.2")]
)
async def test_errors_at_the_end_become_replies_and_the_next_message_is_fine(
    error: Exception, code: str
) -> None:
    door = OpenDoor()
    door.refuses = error
    talk = Talk(service(door))
    assert codes(await talk.message())[-1] == code
    assert codes(await talk.say("RCPT TO:<bob@hamburger.test>")) == ["503 5.5.1"]
    door.refuses = None
    assert codes(await talk.message())[-1] == "250 2.0.0"
    assert len(door.taken[0][2].said) > 0


async def test_a_hang_up_is_without_a_word() -> None:
    door = OpenDoor()
    door.refuses = HangUp()
    talk = Talk(service(door))
    assert codes(await talk.message())[-1].startswith("354")
    assert talk.line.closed


BIG = "Subject: x\r\n\r\n" + "0123456789" * 2000


async def test_a_big_body_comes_in_pieces_and_the_budget_is_given_back() -> None:
    door, budget = OpenDoor(), BodyBudget(1 << 20)
    talk = Talk(service(door, budget=budget, limits=Limits(spill=1000)))
    assert codes(await talk.message(body=BIG))[-1] == "250 2.0.0"
    assert door.taken[0][2].content == BIG.encode() + b"\r\n"
    assert budget.take(1 << 20)


async def test_no_room_for_bodies_is_said_at_the_end() -> None:
    door = OpenDoor()
    talk = Talk(service(door, budget=BodyBudget(5000), limits=Limits(spill=1000)))
    assert codes(await talk.message(body=BIG))[-1] == "452 4.3.1"
    assert door.taken == []
    assert codes(await talk.message())[-1] == "250 2.0.0"


async def test_a_message_over_the_limit_gives_everything_back() -> None:
    door, budget = OpenDoor(), BodyBudget(1 << 20)
    talk = Talk(service(door, budget=budget, limits=Limits(message=15_000, spill=1000)))
    assert codes(await talk.message(body=BIG))[-1] == "552 5.3.4"
    assert budget.take(1 << 20)


async def test_a_connection_that_is_lost_gives_everything_back() -> None:
    budget = BodyBudget(1 << 20)
    talk = Talk(service(budget=budget, limits=Limits(spill=1000)))
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>", "DATA")
    await talk.hear(BIG.encode())
    talk.session.closed("lost")
    assert budget.take(1 << 20)


@pytest.mark.parametrize("manner", ["SEND", "SOML", "SAML"])
async def test_the_terminal_commands_reach_the_door(manner: str) -> None:
    door = OpenDoor()
    talk = Talk(service(door, mechanisms=("PLAIN",), plaintext_auth=True))
    await talk.say("EHLO a.test")
    assert codes(await talk.say(f"{manner} FROM:<x@r.test>")) == ["530 5.7.0"]
    await talk.say(f"AUTH PLAIN {BOB}", f"{manner} FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>", "DATA")
    await talk.hear(b"Hi\r\n.\r\n")
    assert door.taken[0][1].manner is Manner(manner)


@pytest.mark.parametrize(
    ("ip", "name", "code"),
    [
        ("127.0.0.1", "bob", "250 2.1.5"),
        ("192.0.2.7", "bob", "501 5.1.3"),
        ("192.0.2.7", "Postmaster", "250 2.1.5"),
    ],
)
async def test_unqualified_names(ip: str, name: str, code: str) -> None:
    talk = Talk(service(unqualified_ok=True), Line(ip))
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>")
    assert codes(await talk.say(f"RCPT TO:<{name}>")) == [code]


async def test_a_bare_name_is_completed_with_our_domain() -> None:
    door = OpenDoor()
    await Talk(service(door, unqualified_ok=True), Line("127.0.0.1")).message("bob", sender="alice")
    envelope: Envelope = door.taken[0][1].envelope
    assert (str(envelope.sender), str(envelope.recipients[0].address)) == (
        "alice@hamburger.test",
        "bob@hamburger.test",
    )


async def flush(wanted: Destinations) -> int:
    return {"r.test": 5 if wanted.below else 3, "": 1}.get(wanted.name, 0)


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("ETRN r.test", "253 2.0.0 OK, 3 pending messages for node r.test started"),
        ("ETRN @R.test", "253 2.0.0 OK, 5 pending messages for node @r.test started"),
        ("ETRN s.test", "251 2.0.0 OK, no messages waiting for node s.test"),
        ("ETRN #r.test", "253 2.0.0 OK, 3 pending messages for node #r.test started"),
        ("ETRN #local", "253 2.0.0 OK, 1 pending messages for node #local started"),
        ("ETRN #uucp", "251 2.0.0 OK, no messages waiting for node #uucp"),
        (
            "ETRN #/var/spool",
            "459 4.5.4 Node #/var/spool not allowed: a queue is named after the domain where its mail goes, or #local",
        ),
        ("ETRN @test", "501 5.5.4 Syntax: ETRN domain or ETRN @domain, the whole name with its dots"),
    ],
)
async def test_etrn(command: str, reply: str) -> None:
    talk = Talk(service(etrn=True, queue=QueueDesk(flush)))
    await talk.say("EHLO a.test")
    assert await talk.say(command) == [reply]


async def test_etrn_without_a_queue() -> None:
    talk = Talk(service(etrn=True))
    await talk.say("EHLO a.test")
    assert codes(await talk.say("ETRN r.test")) == ["458 4.3.0"]


async def test_commands_have_five_minutes_whatever_trickles_in() -> None:
    talk = Talk(service())
    talk.line.bytes_in, talk.line.heard_at = 15, 290.0
    assert talk.session.deadline() == 300.0


async def test_a_message_has_the_time_that_its_octets_buy() -> None:
    talk = Talk(service())
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>")
    talk.line.quiet_since = 5000.0  # a long session before it does not count
    await talk.say("DATA")
    await talk.hear(b"x")
    for seconds, octets, wanted in (
        (100, 100, 400.0),
        (299, 299, 599.0),
        (400, 400, 300.0),  # a trickle
        (400, 400_000, 700.0),
        (4000, 10_000_000, LONGEST_BODY),
    ):
        talk.line.heard_at, talk.line.bytes_in = 5000.0 + seconds, octets + 100
        assert talk.session.deadline() == wanted


@pytest.mark.parametrize("body", [b"Hello\n.\n", b".\n", b"Hello\r.\r", b"Hello\r\n.\n"])
async def test_who_pauses_in_a_message_with_lf_alone_hears_of_the_remedy(body: bytes) -> None:
    talk = Talk(service())
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>", "DATA")
    assert talk.session.deadline() == 300.0
    assert await talk.hear(body) == []
    talk.line.heard_at = 7.0
    assert talk.session.deadline() == 7.0 + PAUSE_SECONDS
    talk.session.overdue()
    (last,) = talk.session.machine.data_to_send().decode().split("\r\n")[:-1]
    assert last.startswith("550 5.5.2 A line of the message did not end with CRLF")
    assert "nc -C" in last
    assert talk.session.machine.closing
    assert await talk.hear(b"\r\n.\r\nMAIL FROM:<x@r.test>\r\n") == []


async def test_lmtp_answers_such_a_message_for_each_recipient() -> None:
    talk = Talk(service(kind=Service.LMTP))
    await talk.say("LHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<a@b.test>", "RCPT TO:<c@b.test>", "DATA")
    await talk.hear(b"Hello\n")
    talk.session.overdue()
    assert codes(talk.session.machine.data_to_send().decode().split("\r\n")[:-1]) == ["550 5.5.2"] * 2


async def test_a_pause_in_a_message_with_crlf_has_its_five_minutes() -> None:
    talk = Talk(service())
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>", "DATA")
    await talk.hear(b"Hello\r\n.\r")
    assert talk.session.deadline() == 300.0


async def test_a_chunk_is_counted_and_so_its_end_is_known() -> None:
    talk = Talk(service())
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>", "BDAT 9")
    await talk.hear(b"Hello\n")
    assert talk.session.deadline() == 300.0


async def test_the_last_words() -> None:
    for word, code in (("overdue", "421 4.4.2"), ("failed", "421 4.3.0"), ("dismissed", "421 4.3.2")):
        talk = Talk(service())
        getattr(talk.session, word)()
        assert codes(talk.session.machine.data_to_send().decode().split("\r\n"))[0] == code
        assert talk.session.machine.closing
