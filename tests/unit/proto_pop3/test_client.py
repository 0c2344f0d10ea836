import pytest

from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.client import (
    ClientLimits,
    Failed,
    Pop3Client,
    Ready,
    Upgrading,
    parse_numbers,
    parse_response,
)
from postroom.proto.pop3.client_login import Pop3Account, Response

CLEAR = Pop3Account("bob", "hungry", plaintext=True)
OPEN = Pop3Config("hamburger.test", stls=True, plaintext=True)
ONE = b"Subject: one\r\n\r\n.\r\nDo you like ketchup?\r\n..\r\n"


@pytest.mark.parametrize("cut", [1, 3, 65_536])
def test_a_whole_session(loop, cut: int) -> None:
    session = loop(CLEAR, OPEN, cut)
    assert isinstance(session.run()[0], Ready)
    for command in ("STAT", "LIST", "UIDL", "LIST 2", "RETR 1", "TOP 2 0", "DELE 1", "RETR 9", "QUIT"):
        session.client.send(command)
    stat, scan, unique, second, letter, top, deleted, missing, quit_ = session.run()
    assert parse_numbers(stat.text) == (2, 81)
    assert [parse_numbers(line.decode()) for line in scan.lines] == [(1, 45), (2, 36)]
    assert unique.lines == (b"1 0000000100000007", b"2 0000000100000008")
    assert parse_numbers(second.text) == (2, 36)
    assert letter.content == ONE
    assert top.content == b"Subject: two\r\n\r\n"
    assert deleted.ok
    assert not missing.ok
    assert quit_.ok
    assert session.client.closing
    assert session.removed == (1,)


def test_commands_go_ahead_of_their_responses_where_that_is_offered(loop) -> None:
    session = loop(CLEAR, OPEN)
    session.run()
    flights = session.flights
    for _ in range(50):
        session.client.send("NOOP")
    assert len(session.run()) == 50
    assert session.flights - flights <= 2


def test_a_server_without_pipelining_gets_one_command_at_a_time() -> None:
    client = Pop3Client(CLEAR)
    client.receive(b"+OK\r\n")
    client.receive(b"-ERR what?\r\n")
    client.receive(b"+OK\r\n+OK\r\n")
    assert client.next_event() == Ready({})
    client.data_to_send()
    client.send("STAT")
    client.send("QUIT")
    assert client.data_to_send() == b"STAT\r\n"
    client.receive(b"+OK 0 0\r\n")
    assert client.data_to_send() == b"QUIT\r\n"
    assert client.next_event() == Response("STAT", ok=True, text="0 0")


def logged_in(limits: ClientLimits | None = None) -> Pop3Client:
    client = Pop3Client(CLEAR, limits or ClientLimits())
    client.receive(b"+OK\r\n")
    client.receive(b"+OK\r\nPIPELINING\r\n.\r\n")
    client.receive(b"+OK\r\n+OK\r\n")
    assert isinstance(client.next_event(), Ready)
    return client


@pytest.mark.parametrize(
    ("command", "answer", "why"),
    [
        ("STAT", b"220 hello\r\n", "does not speak POP3"),
        ("STAT", b"+ YQ==\r\n", "asks a question"),
        ("STAT", b"+OK\n", "LF alone"),
        ("STAT", b"+OK 1 1\r\n+OK and more\r\n", "does not speak POP3"),
        ("LIST", b"+OK\r\n" + b"1 1\r\n" * 4, "more than 3 lines"),
        ("UIDL", b"+OK\r\n" + b"1 %b\r\n" % (b"x" * 100), "listing has more than 80 octets"),
        ("RETR 1", b"+OK\r\n" + b"x" * 200, "more than 100 octets"),
        ("STAT", b"+OK " + b"x" * 9000, "longer than the limit"),
    ],
)
def test_what_a_server_must_not_send(command: str, answer: bytes, why: str) -> None:
    client = logged_in(ClientLimits(lines=3, listing=80, message=100))
    client.send(command)
    client.receive(answer)
    events = []
    while (event := client.next_event()) is not None:
        events.append(event)
    assert isinstance(events[-1], Failed)
    assert why in events[-1].why
    assert client.closing


def test_a_server_that_turns_away() -> None:
    client = Pop3Client(CLEAR)
    client.receive(b"-ERR [SYS/TEMP] closing\r\n")
    assert client.next_event() == Failed("closing", "SYS/TEMP")


def test_nothing_from_before_tls_is_believed() -> None:
    client = Pop3Client(Pop3Account("bob", "hungry"))
    client.receive(b"+OK\r\n")
    client.receive(b"+OK\r\nSTLS\r\n.\r\n")
    client.receive(b"+OK begin\r\n+OK\r\nSASL PLAIN\r\n.\r\n")
    event = client.next_event()
    assert isinstance(event, Failed)
    assert "in the clear" in event.why


def test_octets_between_the_answer_and_the_handshake_end_it() -> None:
    client = Pop3Client(Pop3Account("bob", "hungry"))
    client.receive(b"+OK\r\n")
    client.receive(b"+OK\r\nSTLS\r\n.\r\n")
    client.receive(b"+OK begin\r\n")
    assert client.next_event() == Upgrading()
    client.receive(b"+OK evil\r\n")
    assert isinstance(client.next_event(), Failed)
    assert b"hungry" not in client.data_to_send()


@pytest.mark.parametrize("command", ["STAT\r\nDELE 1", "NOOP\n", "RETR 1\0"])
def test_a_command_is_one_line(command: str) -> None:
    with pytest.raises(ValueError, match="not a command line"):
        logged_in().send(command)


def test_the_dialogue_has_no_secrets(loop) -> None:
    for mechanisms in (("PLAIN",), ("LOGIN",), ()):
        session = loop(CLEAR, Pop3Config("hamburger.test", plaintext=True, mechanisms=mechanisms))
        session.run()
        dialogue = b"\n".join(session.client.take_dialogue())
        assert b"******" in dialogue
        assert not any(secret in dialogue for secret in (b"hungry", b"aHVuZ3J5", b"AGJvYgBodW5ncnk="))


@pytest.mark.parametrize(
    ("line", "response"),
    [
        (b"+OK 2 320", Response("X", ok=True, text="2 320")),
        (b"+OK", Response("X", ok=True, text="")),
        (b"-ERR [in-use] busy", Response("X", ok=False, text="busy", code="IN-USE")),
        (b"-ERR [broken", Response("X", ok=False, text="[broken")),
        (b"+ YQ==", Response("X", ok=True, text="YQ==", challenge=True)),
        (b"+", Response("X", ok=True, text="", challenge=True)),
        (b"+ok", None),
        (b"* OK", None),
        (b"", None),
    ],
)
def test_responses(line: bytes, response: Response | None) -> None:
    assert parse_response("X", line) == response


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("2 320", (2, 320)), ("2 320 more", (2, 320)), ("2", None), ("-1 2", None), ("1_0 2", None), ("", None)],
)
def test_numbers(text: str, numbers: tuple[int, int] | None) -> None:
    assert parse_numbers(text) == numbers
