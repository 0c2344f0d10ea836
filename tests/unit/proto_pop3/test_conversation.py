import pytest

from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.commands import State
from postroom.proto.pop3.conversation import Conversation
from postroom.proto.pop3.events import Login
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.transaction import Transaction
from postroom.wire.lines import LineFault


def conversation(*, logged_in: bool = False) -> Conversation:
    talk = Conversation(Pop3Config("hamburger.test", stls=True, plaintext=True))
    if logged_in:
        talk.transaction = Transaction(talk.replies, Snapshot(1, [(1, 120)]))
    return talk


def said(talk: Conversation) -> str:
    return talk.replies.take().decode().removesuffix("\r\n")


@pytest.mark.parametrize(
    "line", [b"STAT", b"LIST", b"RETR 1", b"DELE 1", b"NOOP", b"RSET", b"TOP 1 0", b"uidl"]
)
def test_before_the_login_there_is_no_maildrop(line: bytes) -> None:
    talk = conversation()
    assert talk.line(line) is None
    assert said(talk) == "-ERR Not before the login: USER and PASS come first"


@pytest.mark.parametrize("line", [b"USER bob", b"PASS x", b"APOP bob x", b"AUTH PLAIN", b"STLS", b"UTF8"])
def test_after_the_login_there_is_no_other(line: bytes) -> None:
    talk = conversation(logged_in=True)
    assert talk.line(line) is None
    assert said(talk) == "-ERR Not after the login"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"", "-ERR Unknown command, here work: USER"),
        (b"FOO", "-ERR Unknown command, here work: USER"),
        (b"USERbob", "-ERR Unknown command, here work: USER"),
        (b"USER", "-ERR Syntax: USER name"),
        (b"QUIT now", "-ERR Syntax: QUIT"),
        (b"STLS\t", "-ERR Control character"),
        (b"USER b\0b", "-ERR Control character"),
        (b"USER " + b"b" * 251, "-ERR Line too long: at most 255 octets"),
        (LineFault.BARE_LF, "-ERR Line ended by LF alone: end each line with CRLF"),
        (LineFault.BARE_CR, "-ERR Control character"),
        (LineFault.TOO_LONG, "-ERR Line too long: at most 12288 octets"),
    ],
)
def test_a_fault_is_answered_with_its_remedy_and_counted(line: bytes | LineFault, answer: str) -> None:
    talk = conversation()
    assert talk.line(line) is None
    assert said(talk).startswith(answer)
    assert talk.replies.faults == 1
    assert not talk.closing


def test_twenty_faults_are_enough() -> None:
    talk = conversation()
    for _ in range(20):
        assert not talk.closing
        talk.line(b"FOO")
    assert talk.closing
    assert talk.state is State.UPDATE
    assert said(talk).endswith("-ERR Too many errors, closing")


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1", b"POST /mail HTTP/1.0", b"CONNECT mx:25 HTTP/1.1"])
def test_a_browser_is_sent_away_at_once(line: bytes) -> None:
    talk = conversation()
    talk.line(line)
    assert talk.closing
    assert said(talk) == "-ERR This is POP3, not HTTP"


@pytest.mark.parametrize(
    ("lines", "noted"),
    [
        ([b"USER bob", b"pass hungry dog"], [b"<USER bob", b"<pass ******"]),
        ([b"APOP bob c4c9334bac560ecc979e58001b3e22fb"], [b"<APOP bob ******"]),
        ([b"AUTH PLAIN AGJvYgBodW5ncnk="], [b"<AUTH PLAIN ******"]),
        ([b"AUTH LOGIN", b"Ym9i", b"aHVuZ3J5"], [b"<AUTH LOGIN", b"<******", b"<******"]),
        ([b"AUTH PLAIN", b"*"], [b"<AUTH PLAIN", b"<*"]),
        ([b"hungry"], [b"<******"]),
        ([b"PASS\thungry"], [b"<******"]),
        ([b"PASS hungry " * 30], [b"<PASS ******"]),
        ([LineFault.BARE_LF], [b"<[a line ended by LF alone]"]),
    ],
)
def test_secrets_are_not_noted(lines: list[bytes | LineFault], noted: list[bytes]) -> None:
    talk = conversation()
    for line in lines:
        talk.line(line)
    assert [line for line in talk.replies.take_noted() if line.startswith(b"<")] == noted


def test_no_answer_repeats_the_input() -> None:
    talk = conversation()
    for line in (
        b"XYZZY plugh",
        b"USER plugh\0",
        b"AUTH PLUGH",
        b"LANG plugh",
        b"APOP plugh plugh",
        b"GET /plugh",
    ):
        talk.line(line)
    assert "plugh" not in said(talk).lower()


def test_pass_counts_only_right_behind_user() -> None:
    talk = conversation()
    talk.line(b"USER bob")
    talk.line(b"CAPA")
    assert talk.line(b"PASS hungry") is None
    talk.line(b"USER bob")
    assert talk.line(b"PASS hungry") == Login("bob", "hungry")


def test_a_broken_line_ends_an_exchange() -> None:
    talk = conversation()
    talk.line(b"AUTH PLAIN")
    talk.line(LineFault.BARE_LF)
    assert not talk.authorization.exchanging


def test_stls_is_announced_only_where_it_is_allowed() -> None:
    for talk, announced in ((conversation(), True), (conversation(logged_in=True), False)):
        talk.line(b"CAPA")
        assert ("STLS" in said(talk).split()) is announced


def test_languages_are_listed_and_chosen() -> None:
    talk = conversation(logged_in=True)
    talk.line(b"LANG")
    assert said(talk).splitlines() == [
        "+OK Language listing follows:",
        "en English",
        "de Deutsch",
        "fr Français",
        ".",
    ]
    talk.line(b"LANG fr-CA")
    assert said(talk) == "+OK fr Langue changée"
    talk.line(b"LANG MUL")
    assert said(talk) == "-ERR Langue inconnue, LANG seul en donne la liste"
    talk.line(b"LANG *")
    assert said(talk) == "+OK en Language changed"


@pytest.mark.parametrize(
    ("logged_in", "answer"),
    [
        (False, "+OK hamburger.test POP3 server signing off"),
        (True, "+OK hamburger.test POP3 server signing off (1 message left)"),
    ],
)
def test_quit_with_nothing_marked_needs_nobody(logged_in: bool, answer: str) -> None:
    talk = conversation(logged_in=logged_in)
    assert talk.line(b"QUIT") is None
    assert talk.closing
    assert said(talk) == answer


@pytest.mark.parametrize(
    "number", [b"1", b"01", b"2", b"3", b"4", b"0", b"-1", b"99999999999", b"1 ", b" 1", b""]
)
def test_the_short_way_of_retr_makes_no_difference(number: bytes) -> None:
    outcomes = []
    for verb in (b"RETR ", b"retr "):  # the short way knows one spelling
        talk = conversation()
        talk.transaction = Transaction(talk.replies, Snapshot(1, [(1, 120), (5, 130), (6, 140)]))
        talk.transaction.snapshot.delete(2)
        event = talk.line(verb + number)
        noted = [line.upper() for line in talk.replies.take_noted()]
        outcomes.append((event, said(talk), noted, talk.replies.faults))
    assert outcomes[0] == outcomes[1]
