import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.pop3.authorization import Limits, Pop3Config
from postroom.proto.pop3.commands import State
from postroom.proto.pop3.events import Code, Drain, Login, Retrieve, StartTls, Update
from postroom.proto.pop3.server import Pop3Server
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.texts import Text

LETTER = b"Subject: Dinner\r\n\r\n.. and .\r\n.\r\nketchup?\r\n"


def machine(*, limits: Limits | None = None, **greeting: object) -> Pop3Server:
    server = Pop3Server(Pop3Config("hamburger.test", stls=True, plaintext=True, limits=limits or Limits()))
    server.greet(**greeting)  # type: ignore[arg-type]
    server.data_to_send()
    return server


def logged_in(count: int = 2, limits: Limits | None = None) -> Pop3Server:
    server = machine(limits=limits)
    server.receive(b"USER bob\r\nPASS hungry\r\n")
    assert isinstance(server.next_event(), Login)
    server.logged_in("bob", Snapshot(1, [(uid, len(LETTER)) for uid in range(1, count + 1)]))
    server.data_to_send()
    return server


def test_the_greeting_carries_the_timestamp() -> None:
    server = Pop3Server(Pop3Config("hamburger.test"))
    server.greet(timestamp="<1.2@hamburger.test>")
    assert server.data_to_send() == b"+OK hamburger.test POP3 server ready <1.2@hamburger.test>\r\n"
    assert server.state is State.AUTHORIZATION


def test_a_pipelined_session_is_answered_in_its_order() -> None:
    server = machine()
    server.receive(b"USER bob\r\nPASS hungry\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n")
    assert server.next_event() == Login("bob", "hungry")
    assert server.next_event() is None
    server.logged_in("bob", Snapshot(1, [(7, len(LETTER))]))
    assert server.next_event() == Retrieve(1, 7, len(LETTER))
    server.message(LETTER)
    assert server.next_event() == Update((1,), (7,))
    assert server.state is State.UPDATE
    assert not server.closing
    server.updated()
    assert server.closing
    assert server.data_to_send().split(b"\r\n") == [
        b"+OK Name accepted, now send PASS",
        b"+OK bob's maildrop has 1 message (42 octets)",
        b"+OK 1 42", b"+OK 42 octets", b"Subject: Dinner", b"", b"... and .", b"..", b"ketchup?", b".",
        b"+OK message 1 deleted",
        b"+OK hamburger.test POP3 server signing off (maildrop empty)", b"",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_message_in_pieces_is_the_same_message(size: int) -> None:
    whole, pieces = logged_in(), logged_in()
    for server in (whole, pieces):
        server.receive(b"RETR 2\r\n")
        server.next_event()
    whole.message(LETTER)
    pieces.message_begins()
    for start in range(0, len(LETTER), size):
        assert pieces.message_piece(LETTER[start : start + size])
    pieces.message_ends()
    assert pieces.data_to_send() == whole.data_to_send()
    assert pieces.next_event() is None


def test_top_in_pieces_says_when_it_has_enough() -> None:
    server = logged_in()
    server.receive(b"TOP 1 1\r\n")
    server.next_event()
    server.message_begins()
    assert server.message_piece(b"a: b\r\n\r\n")
    assert not server.message_piece(b"one\r\ntwo\r\n")
    server.message_ends()
    assert server.data_to_send() == b"+OK Top of message follows\r\na: b\r\n\r\none\r\n.\r\n"


def test_a_message_that_breaks_off_has_no_end() -> None:
    server = logged_in()
    server.receive(b"RETR 1\r\nQUIT\r\n")
    server.next_event()
    server.message_begins()
    server.message_piece(b"a: b\r\n")
    server.message_breaks()
    assert server.closing
    assert server.next_event() is None
    assert not server.data_to_send().endswith(b".\r\n")


def test_a_refused_login_may_be_tried_again_three_times_in_all() -> None:
    server = machine()
    for attempt in range(1, 4):
        server.receive(b"USER bob\r\nPASS wrong\r\n")
        assert isinstance(server.next_event(), Login)
        server.refuse(Text.WRONG_CREDENTIALS, Code.AUTH)
        assert server.closing is (attempt == 3)
    assert server.data_to_send().count(b"-ERR [AUTH] Wrong name or password\r\n") == 3


def test_a_fault_of_ours_is_no_failed_login() -> None:
    server = machine()
    for _ in range(5):
        server.receive(b"USER bob\r\nPASS hungry\r\n")
        server.next_event()
        server.refuse(Text.LOGIN_DELAY, Code.LOGIN_DELAY, seconds=60)
    assert not server.closing
    assert b"-ERR [LOGIN-DELAY] Logged in a moment ago: wait 60 seconds" in server.data_to_send()


def test_a_failed_update_is_said_and_closes() -> None:
    server = logged_in()
    server.receive(b"DELE 1\r\nQUIT\r\n")
    server.next_event()
    server.refuse(Text.NOT_REMOVED, Code.SYS_TEMP)
    assert server.closing
    assert server.data_to_send().endswith(b"-ERR [SYS/TEMP] some deleted messages not removed\r\n")


def test_a_non_ascii_name_is_said_in_utf8_mode_only() -> None:
    for mode, expected in ((b"", b"+OK 0 messages"), (b"UTF8\r\n", "+OK josé's maildrop".encode())):
        server = machine()
        server.receive(mode + "USER josé\r\nPASS x\r\n".encode())
        server.next_event()
        server.data_to_send()
        server.logged_in("josé", Snapshot(1))
        assert server.data_to_send().startswith(expected)


def test_nothing_from_before_tls_is_done_after_it() -> None:
    server = machine()
    server.receive(b"USER bob\r\nSTLS\r\n")
    assert server.next_event() == StartTls()
    assert server.begin_tls()
    assert server.data_to_send().endswith(b"+OK Begin TLS negotiation\r\n")
    server.receive(b"PASS hungry\r\n")
    assert server.next_event() is None
    server.tls_started()
    server.receive(b"PASS hungry\r\nCAPA\r\n")
    assert server.next_event() is None
    answer = server.data_to_send()
    assert answer.startswith(b"-ERR Send USER first\r\n+OK")
    assert b"STLS" not in answer


@pytest.mark.parametrize("behind", [b"USER bob\r\n", b"U", b"\n", b"\0" * 5000])
def test_octets_behind_stls_end_the_session(behind: bytes) -> None:
    server = machine()
    server.receive(b"STLS\r\n" + behind)
    assert server.next_event() == StartTls()
    assert not server.begin_tls()
    assert server.closing
    assert server.next_event() is None
    assert server.data_to_send().startswith(b"-ERR Bytes came behind STLS")


def test_a_line_without_end_holds_little_and_is_answered_once() -> None:
    server = logged_in()
    for _ in range(1000):
        server.receive(b"x" * 1000)
        assert server.next_event() is None
    server.receive(b"\r\nNOOP\r\n")
    assert server.next_event() is None
    assert (
        server.data_to_send()
        == b"-ERR Line too long: at most 255 octets before the CRLF\r\n+OK Nothing done\r\n"
    )


@pytest.mark.parametrize(
    ("line", "taken"),
    [(b"USER " + b"b" * 250, True), (b"USER " + b"b" * 251, False), (b"AUTH PLAIN " + b"A" * 12_277, True)],
)
def test_limits_of_lines(line: bytes, taken: bool) -> None:
    server = machine()
    server.receive(line + b"\r\n")
    server.next_event()
    assert (b"Line too long" not in server.data_to_send()) is taken


def test_much_output_leaves_before_the_next_command() -> None:
    server = logged_in(5000, Limits(queued=20_000))
    server.receive(b"LIST\r\n" * 3)
    sent, events = b"", 0
    while (event := server.next_event()) is not None:
        assert event == Drain()
        data = server.data_to_send()
        assert 20_000 <= len(data) <= 40_000
        sent += data
        events += 1
        server.go_on()
    sent += server.data_to_send()
    assert events > 3
    assert (
        sent
        == (
            b"+OK 5000 messages (210000 octets)\r\n"
            + b"".join(b"%d 42\r\n" % n for n in range(1, 5001))
            + b".\r\n"
        )
        * 3
    )


def test_turning_away_closes_and_removes_nothing() -> None:
    server = logged_in()
    server.receive(b"DELE 1\r\n")
    server.next_event()
    server.turn_away()
    assert server.closing
    server.receive(b"QUIT\r\n")
    assert server.next_event() is None
    assert server.data_to_send().endswith(b"-ERR [SYS/TEMP] The server is closing, try again later\r\n")


def test_turning_away_puts_no_words_into_a_listing() -> None:
    server = logged_in(count=50_000)
    server.receive(b"LIST\r\n")
    assert isinstance(server.next_event(), Drain)
    assert server.answering
    server.turn_away()
    assert server.closing
    assert b"-ERR" not in server.data_to_send()


def test_the_dialogue_is_kept_without_content() -> None:
    server = logged_in()
    server.receive(b"retr 1\r\n")
    server.next_event()
    server.message(LETTER)
    assert server.take_dialogue()[-3:] == [b"<retr 1", b">+OK 42 octets", b">[42 octets of message]"]
    assert server.take_dialogue() == []


@given(st.data())
def test_the_cut_of_the_input_makes_no_difference(data: st.DataObject) -> None:
    script = (
        b"USER bob\r\nCAPA\r\nLIST\n\r\nUSER b\rb\r\nAUTH PLAIN\r\n*\r\n"
        + b"y" * 300
        + b"\r\nLANG de\r\nQUIT\r\nNOOP\r\n"
    )
    whole, cut = machine(), machine()
    whole.receive(script)
    assert whole.next_event() is None
    position = 0
    while position < len(script):
        size = data.draw(st.integers(1, 40))
        cut.receive(script[position : position + size])
        assert cut.next_event() is None
        position += size
    assert cut.data_to_send() == whole.data_to_send()
