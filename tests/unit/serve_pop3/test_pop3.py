import base64

import pytest

from postroom.message.errors import MailboxDisabled, MailError, TooManyLogins, TryLater
from postroom.message.journey.events import Authenticated, Handled, HopKind, Said
from postroom.net.session import TlsFacts
from postroom.proto.pop3.apop import apop_digest
from postroom.proto.pop3.authorization import Pop3Config
from postroom.serve.pop3.session import MOST_BEFORE_LOGIN, SILENCE, SILENCE_BEFORE_LOGIN
from postroom.serve.pop3.visits import Visits

STAMP, BOB = "<1896.697170952@hamburger.test>", "bob@hamburger.test"


async def test_download_and_delete(stage) -> None:
    session = await stage.login()
    answer = await stage.say(session, "LIST\nRETR 1\nDELE 1\nRETR 2\nDELE 2\nQUIT\n")
    assert answer.splitlines() == [
        "+OK 2 messages (77 octets)", "1 38", "2 39", ".",
        "+OK 38 octets", "Subject: one", "", "Do you like ketchup?", ".", "+OK message 1 deleted",
        "+OK 39 octets", "Subject: two", "", "..", "How about pickles?", ".", "+OK message 2 deleted",
        "+OK hamburger.test POP3 server signing off (maildrop empty)",
    ]  # fmt: skip
    assert session.machine.closing
    assert stage.maildrops.letters == {}


async def test_download_and_keep(stage) -> None:
    first, second = await stage.login(), await stage.login()
    ids = [await stage.say(session, "UIDL\n") for session in (first, second)]
    assert ids[0] == ids[1]
    assert ids[0].splitlines()[1:3] == ["1 0000000100000007", "2 0000000100000008"]
    await stage.say(first, "DELE 1\nQUIT\n")
    again = await stage.login()
    assert (await stage.say(again, "UIDL\n")).splitlines()[1:] == ["1 0000000100000008", "."]


async def test_nothing_is_deleted_without_quit(stage) -> None:
    session = await stage.login()
    await stage.say(session, "DELE 1\nDELE 2\n")
    session.overdue()
    assert session.machine.data_to_send() == b""
    session.closed("timed out")
    assert len(stage.maildrops.letters) == 2


async def test_two_sessions_see_their_own_snapshot(stage) -> None:
    first, second = await stage.login(), await stage.login()
    await stage.say(first, "DELE 1\nQUIT\n")
    assert await stage.say(second, "STAT\n") == "+OK 2 77\n"
    answer = await stage.say(second, "RETR 1\nRETR 2\n")
    assert answer.startswith(
        "-ERR [SYS/PERM] The message was removed meanwhile by another session\n+OK 39 octets\n"
    )
    assert (await stage.say(second, "DELE 1\nQUIT\n")).endswith("signing off (1 message left)\n")


@pytest.mark.parametrize("error", [TryLater(), MailError()])
async def test_a_failed_removal_is_said_and_nothing_is_lost(stage, error: MailError) -> None:
    session = await stage.login()
    stage.maildrops.opened[0].error = error
    answer = await stage.say(session, "DELE 1\nQUIT\n")
    assert answer.endswith("-ERR [SYS/TEMP] some deleted messages not removed\n")
    assert session.machine.closing
    assert len(stage.maildrops.letters) == 2


async def test_a_message_that_cannot_be_read_now(stage) -> None:
    session = await stage.login()
    stage.maildrops.opened[0].error = TryLater()
    answer = await stage.say(session, "RETR 1\nNOOP\n")
    assert answer.startswith("-ERR [SYS/TEMP] Local error, nothing was changed: try again later\n+OK")
    assert stage.maildrops.opened[0].hops == []


@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_a_large_message_comes_in_pieces(stage, piece: int) -> None:
    stage.maildrops.piece = piece
    session = await stage.login()
    answer = await stage.say(session, "RETR 2\nTOP 2 1\n")
    assert answer.splitlines() == [
        "+OK 39 octets", "Subject: two", "", "..", "How about pickles?", ".", "+OK Top of message follows", "Subject: two", "", "..", ".",
    ]  # fmt: skip
    assert session._connection.drains >= 38 // piece


async def test_a_large_message_that_breaks_off_closes_without_an_end(stage) -> None:
    stage.maildrops.piece = 10
    session = await stage.login()
    stage.maildrops.opened[0].error = TryLater()
    answer = await stage.say(session, "RETR 2\nNOOP\n")
    assert not answer.endswith(".\n")
    assert "-ERR" not in answer
    assert session.machine.closing


async def test_a_fault_of_ours_in_the_middle_of_a_message_says_nothing_into_it(stage) -> None:
    session = await stage.login()
    session.machine.receive(b"RETR 1\r\n")
    session.machine.next_event()
    session.machine.message_begins()
    session.machine.data_to_send()
    session.failed()
    assert session.machine.closing
    assert session.machine.data_to_send() == b""


@pytest.mark.parametrize(
    "lines",
    [
        "USER bob\nPASS hungry\n",
        f"USER {BOB}\nPASS hungry\n",
        f"APOP bob {apop_digest(STAMP, 'tanstaaf')}\n",
        "AUTH PLAIN " + base64.b64encode(b"\0bob\0hungry").decode() + "\n",
        "AUTH PLAIN\n" + base64.b64encode(b"bob@hamburger.test\0bob\0hungry").decode() + "\n",
        "AUTH LOGIN\nYm9i\naHVuZ3J5\n",
    ],
)
async def test_ways_to_log_in(stage, lines: str) -> None:
    session = stage.connect()
    answer = await stage.say(session, lines)
    assert answer.endswith("+OK bob@hamburger.test's maildrop has 2 messages (77 octets)\n")


@pytest.mark.parametrize(
    "lines",
    [
        "USER bob\nPASS wrong\n",
        "USER nobody\nPASS hungry\n",
        f"APOP bob {'0' * 32}\n",
        f"APOP nobody {apop_digest(STAMP, 'tanstaaf')}\n",
        "AUTH PLAIN " + base64.b64encode(b"boss\0bob\0hungry").decode() + "\n",
        "AUTH PLAIN " + base64.b64encode("\0bob\0é".encode()).decode() + "\n",
    ],
)
async def test_whoever_fails_gets_the_same_words(stage, lines: str) -> None:
    session = stage.connect()
    answer = await stage.say(session, lines)
    assert answer.endswith("-ERR [AUTH] Wrong name or password\n")
    assert "+OK Not" not in await stage.say(session, "STAT\n")
    assert stage.maildrops.opened == []


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (TooManyLogins("Wait 15 s"), "-ERR [SYS/TEMP] Wait 15 s\n"),
        (MailboxDisabled(), "-ERR [SYS/PERM] The mailbox is disabled\n"),
        (TryLater(detail="disk"), "-ERR [SYS/TEMP] Local error, nothing was changed: try again later\n"),
    ],
)
async def test_other_reasons_not_to_let_in(stage, error: MailError, answer: str) -> None:
    stage.logins.error = error
    session = stage.connect()
    assert (await stage.say(session, "USER bob\nPASS hungry\n")).endswith(answer)
    stage.logins.error = None
    assert "+OK bob" in await stage.say(session, "USER bob\nPASS hungry\n")


async def test_a_maildrop_that_cannot_be_opened_leaves_the_place_free(stage) -> None:
    stage.service.visits = Visits(most_sessions=1)
    stage.maildrops.error = TryLater()
    session = stage.connect()
    assert "-ERR [SYS/TEMP]" in await stage.say(session, "USER bob\nPASS hungry\n")
    stage.maildrops.error = None
    assert "+OK bob" in await stage.say(session, "USER bob\nPASS hungry\n")


async def test_too_many_sessions_of_one_account(stage) -> None:
    stage.service.visits = Visits(most_sessions=1)
    first, second = await stage.login(), stage.connect()
    assert "-ERR [IN-USE]" in await stage.say(second, "USER bob\nPASS hungry\n")
    second.closed("")
    first.closed("")
    assert stage.maildrops.opened[0].closed == 1
    await stage.login()


async def test_a_login_delay_is_announced_and_kept(stage) -> None:
    stage.service.config = Pop3Config("hamburger.test", plaintext=True, login_delay=60, expire=30)
    stage.service.visits = Visits(delay=60)
    session = stage.connect()
    answer = await stage.say(session, "CAPA\nUSER bob\nPASS hungry\nQUIT\n")
    assert "\nLOGIN-DELAY 60\n" in answer
    assert "\nEXPIRE 30\n" in answer
    second = stage.connect()
    assert "-ERR [LOGIN-DELAY] Logged in a moment ago: wait 60 seconds" in await stage.say(
        second, "USER bob\nPASS hungry\n"
    )
    stage.now += 60_000_000
    assert "+OK bob" in await stage.say(second, "USER bob\nPASS hungry\n")


async def test_stls_switches_tls_on_and_forgets(stage) -> None:
    session = stage.connect()
    assert (await stage.say(session, "USER bob\nSTLS\n")).endswith("+OK Begin TLS negotiation\n")
    assert session._connection.tls_contexts == ["context"]
    session.secured(TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128))
    assert await stage.say(session, "PASS hungry\n") == "-ERR Send USER first\n"
    assert "STLS" not in await stage.say(session, "CAPA\n")


async def test_commands_behind_stls_are_not_carried_out(stage) -> None:
    session = stage.connect()
    answer = await stage.say(session, "STLS\nUSER bob\nPASS hungry\n")
    assert answer.startswith("-ERR Bytes came behind STLS")
    assert session.machine.closing
    assert session._connection.tls_contexts == []
    assert stage.logins.asked == []


async def test_no_context_no_tls(stage) -> None:
    stage.service.tls = None
    session = stage.connect()
    assert await stage.say(session, "STLS\n") == "-ERR TLS is not available here\n"


async def test_journeys_hear_of_it(stage) -> None:
    session = await stage.login()
    await stage.say(session, "TOP 1 0\nRETR 1\nRETR 2\nDELE 2\nQUIT\n")
    hops = stage.maildrops.opened[0].hops
    assert [(number, hop.kind) for number, hop in hops] == [
        (1, HopKind.READ), (2, HopKind.READ), (2, HopKind.DELETED),
    ]  # fmt: skip
    first, second, last = (hop.events for _, hop in hops)
    assert Authenticated(0, BOB, "USER") in first
    assert first[-1] == Handled(0, "retrieved", BOB, "INBOX")
    assert last[-1] == Handled(0, "deleted", BOB, "INBOX")
    said = b"\n".join(next(event for event in first if isinstance(event, Said)).lines)
    assert b"<PASS ******" in said
    assert b"hungry" not in said
    assert next(event for event in second if isinstance(event, Said)).lines == [
        b"<RETR 2", b">+OK 39 octets", b">[39 octets of message]",
    ]  # fmt: skip


async def test_a_header_beyond_ascii_needs_utf8_or_gets_a_surrogate(stage) -> None:
    letter = "Subject: crêpe\r\n\r\nDéjà vu\r\n".encode()
    stage.maildrops.letters = {1: letter}
    for piece in (0, 1000):
        stage.maildrops.piece = piece
        plain = await stage.login()
        assert "\nSubject: =?utf-8?b?Y3LDqnBl?=\n\nDéjà vu\n" in await stage.say(plain, "RETR 1\n")
        modern = stage.connect()
        answer = await stage.say(modern, "UTF8\nUSER bob\nPASS hungry\nRETR 1\n")
        assert "\nSubject: crêpe\n\nDéjà vu\n" in answer


async def test_deadlines(stage) -> None:
    session = stage.connect()
    assert session.deadline() == SILENCE_BEFORE_LOGIN
    session._connection.quiet_since = MOST_BEFORE_LOGIN - 5
    assert session.deadline() == 5
    session._connection.quiet_since = MOST_BEFORE_LOGIN + 5
    assert session.deadline() == 0
    await stage.say(session, "USER bob\nPASS hungry\n")
    assert session.deadline() == SILENCE


async def test_the_end_of_the_service_is_said(stage) -> None:
    session = await stage.login()
    await stage.say(session, "DELE 1\n")
    session.dismissed()
    assert session.machine.closing
    assert session.machine.data_to_send() == b"-ERR [SYS/TEMP] The server is closing, try again later\r\n"
    session.closed("the service stops")
    assert len(stage.maildrops.letters) == 2


async def test_a_listing_comes_to_its_end_before_the_service_does(stage) -> None:
    stage.maildrops.letters = dict.fromkeys(range(1, 50_001), b"Hi\r\n")
    session = await stage.login()
    machine = session.machine
    machine.receive(b"LIST\r\n")
    await session.handle(machine.next_event())
    session.dismissed()
    assert not machine.closing
    while (event := machine.next_event()) is not None:
        session.dismissed()
        await session.handle(event)
    session.dismissed()
    sent = session._connection.sent + machine.data_to_send()
    assert sent.endswith(b"\r\n50000 4\r\n.\r\n-ERR [SYS/TEMP] The server is closing, try again later\r\n")
    assert machine.closing


async def test_the_third_wrong_password_ends_the_connection(stage) -> None:
    session = stage.connect()
    answer = await stage.say(session, "USER bob\nPASS a\n" * 4)
    assert answer.count("-ERR [AUTH]") == 3
    assert session.machine.closing
