"""APPEND as the machine takes it: whole, in every cut, accepted and refused."""

import random
from typing import Any

import pytest

from postroom.proto.imap.arrival import PIECE, Abandoned, Arriving, LineEnds, Piece
from postroom.proto.imap.commands.appending import Append, Text, Url
from postroom.proto.imap.config import ImapConfig, Limits
from postroom.proto.imap.events import Drain, Given
from postroom.proto.imap.server import ImapServer
from postroom.proto.imap.verb import State


def machine(*, minus: bool = False, message: int = 1000, appended: int = 2000) -> ImapServer:
    limits = Limits(appended=appended, discarded=500)
    server = ImapServer(ImapConfig("h", plaintext=True, limits=limits, message=message, literal_minus=minus))
    server.greet()
    server.logged_in("in")
    server.data_to_send()
    return server


def run(server: ImapServer, data: bytes, cut: int = 0, refuse: int = -1) -> tuple[list[Any], bytes]:
    """Feeds octets; every literal but the one numbered `refuse` is accepted. Gives events (pieces of a literal joined) and answers."""
    events: list[Any] = []
    said = b""
    for start in range(0, len(data), cut or max(1, len(data))):
        server.receive(data[start : start + (cut or len(data))])
        while (event := server.next_event()) is not None:
            answer(server, event, events, refuse)
            said += server.data_to_send()
    return events, said + server.data_to_send()


def answer(server: ImapServer, event: Any, events: list[Any], refuse: int) -> None:
    if isinstance(event, Given):
        events.append(event.command)
        server.finish("OK", "Done")
        return
    if isinstance(event, Arriving):
        assert server.arrival is not None
        asked = sum(isinstance(one, Arriving) for one in events)
        if asked == refuse:
            server.arrival.refuse("Not that", "CANNOT")
        else:
            server.arrival.accept()
        events.append(event)
    elif isinstance(event, Piece):
        if events and isinstance(events[-1], Piece) and not events[-1].last:
            events[-1] = Piece(events[-1].data + event.data, event.last)
        else:
            events.append(event)
    elif not isinstance(event, Drain):
        events.append(event)
    server.go_on()


def bodies(events: list[Any]) -> list[bytes]:
    return [event.data for event in events if isinstance(event, Piece)]


def test_one_message() -> None:
    events, said = run(
        machine(),
        b'a APPEND "my box" (\\Seen $x) " 7-Feb-1994 22:43:04 -0800" {11}\r\na: b\r\n\r\nc\nd\r\nb NOOP\r\n',
    )
    assert said == b"+ Go ahead\r\na OK Done\r\nb OK Done\r\n"
    command = events[2]
    assert isinstance(command, Append)
    assert command.mailbox == "my box"
    assert command.messages[0].flags.bits == 1
    assert command.messages[0].flags.keywords == ("$x",)
    assert command.messages[0].internaldate == 760_689_784_000_000
    assert command.messages[0].parts == (Text(11),)
    assert bodies(events) == [b"a: b\r\n\r\nc\r\nd"]


SCRIPTS = {
    "several": b"a APPEND x (\\Seen) {3+}\r\nabc (a b) {2+}\r\nde {4}\r\nx\r\n\r\r\nb NOOP\r\n",
    "name": b"a APPEND {3+}\r\nfoo {2+}\r\nhi\r\nb NOOP\r\n",
    "binary": b"a APPEND x ~{5+}\r\na\0\rb\n\r\nb NOOP\r\n",
    "nul": b"a APPEND x {5+}\r\na\0\rb\n {3+}\r\nabc\r\nb NOOP\r\n",
    "catenate": b'a APPEND x CATENATE (URL "/a;UID=1" TEXT {3+}\r\nabc URL {4+}\r\n/b/1 TEXT {0+}\r\n) {2+}\r\nhi\r\nb NOOP\r\n',
    "urls": b'a APPEND x (\\Draft) CATENATE (URL /INBOX/;UID=1 URL "/b c") CATENATE (URL d)\r\nb NOOP\r\n',
    "utf8 that is not enabled": b"a APPEND x UTF8 (~{3+}\r\nabc)\r\nb NOOP\r\n",
    "garbage before": b"a APPEND x (\\Seen {3+}\r\nabc\r\nb NOOP\r\n",
    "garbage behind": b"a APPEND x {3+}\r\nabcd {5+}\r\nabcde\r\nb NOOP\r\n",
    "bare lf behind": b"a APPEND x {3+}\r\nabc\nb NOOP\r\nb NOOP\r\n",
    "nothing there": b"a APPEND x\r\nb APPEND x NIL\r\nb NOOP\r\n",
    "too big": b"a APPEND x {1001+}\r\nb NOOP\r\n",
    "too big, waiting": b"a APPEND x {1001}\r\nb NOOP\r\n",
    "too much": b"a APPEND x {1000+}\r\n" + b"a" * 1000 + b" {1000+}\r\n" + b"b" * 1000 + b" {1}\r\nb NOOP\r\n",
    "empty": b"a APPEND x {0}\r\nb APPEND x {3+}\r\nabc {0+}\r\n\r\nb NOOP\r\n",
    "replace without a mailbox": b"a REPLACE 1 x {3+}\r\nabc\r\nb NOOP\r\n",
    "long url": b"a APPEND x CATENATE (URL {65537}\r\nb NOOP\r\n",
}  # fmt: skip
ANSWERS = {
    "several": b"+ Go ahead\r\na OK Done\r\nb OK Done\r\n",
    "nul": b"a NO NUL is taken in a literal8 only, such as ~{42} (RFC 3516)\r\nb OK Done\r\n",
    "utf8 that is not enabled": b"a NO ENABLE UTF8=ACCEPT first (RFC 6855)\r\nb OK Done\r\n",
    "garbage before": b"a BAD Expected a flag at octet 19\r\nb OK Done\r\n",
    "garbage behind": b"a BAD Expected the end of the line, or a space and one more message, at octet 1\r\nb OK Done\r\n",
    "nothing there": b'a BAD Expected a space at octet 11: APPEND mailbox [(flags)] ["date"] {size of the message}\r\n'
    b"b BAD Expected a message as a literal, such as {42}, at octet 12\r\nb OK Done\r\n",
    "too big": b"a NO [TOOBIG] A message has at most 1000 octets\r\n"
    b"* BYE [TOOBIG] What follows cannot be told from a literal\r\n",
    "too big, waiting": b"a NO [TOOBIG] A message has at most 1000 octets\r\nb OK Done\r\n",
    "too much": b"a NO [TOOBIG] One APPEND has at most 2000 octets\r\nb OK Done\r\n",
    "empty": b"a NO An empty message: nothing was appended\r\n"
    b"b NO An empty message: nothing was appended\r\nb OK Done\r\n",
    "replace without a mailbox": b"a BAD Select a mailbox first\r\nb OK Done\r\n",
    "long url": b"a BAD [TOOBIG] A URL has at most 65536 octets\r\nb OK Done\r\n",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts(name: str) -> None:
    events, said = run(machine(), SCRIPTS[name])
    assert said == ANSWERS.get(name, said)
    assert said.endswith(b"b OK Done\r\n") or b"BYE" in said
    for cut in (1, 2, 3, 7):
        assert run(machine(), SCRIPTS[name], cut) == (events, said)


@pytest.mark.parametrize("name", SCRIPTS)
def test_refused_by_the_session(name: str) -> None:
    for number in range(3):
        events, said = run(machine(), SCRIPTS[name], refuse=number)
        if sum(isinstance(event, Arriving) for event in events) > number:
            assert said.count(b"a NO [CANNOT] Not that\r\n") + said.count(b"b NO [CANNOT]") == 1
            assert any(isinstance(event, Abandoned) for event in events)
        assert run(machine(), SCRIPTS[name], 1, refuse=number) == (events, said)


def test_parts() -> None:
    events, _ = run(machine(), SCRIPTS["catenate"])
    command = events[-2]
    assert isinstance(command, Append)
    assert [message.parts for message in command.messages] == [
        (Url("/a;UID=1"), Text(3), Url("/b/1"), Text(0)),
        (Text(2),),
    ]
    assert bodies(events) == [b"abc", b"", b"hi"]
    events, _ = run(machine(), SCRIPTS["urls"])
    assert [len(message.parts) for message in events[0].messages] == [2, 1]


def test_binary_octets_stay() -> None:
    assert bodies(run(machine(), SCRIPTS["binary"])[0]) == [b"a\0\rb\n"]


def test_utf8() -> None:
    server = machine()
    server.enabled.add("UTF8=ACCEPT")
    events, said = run(server, b"a APPEND x UTF8 (~{3}\r\nabc) UTF8 (~{1+}\r\nd)\r\n")
    assert said == b"+ Go ahead\r\na OK Done\r\n"
    assert [message.utf8 for message in events[-1].messages] == [True, True]


def test_replace() -> None:
    server = machine()
    server.state = State.SELECTED
    events, _ = run(server, b"a UID REPLACE 4 x {3+}\r\nabc\r\nb REPLACE * x {3+}\r\nabc {3+}\r\nabc\r\n")
    assert (events[2].replaces, events[2].by_uid) == (4, True)
    assert isinstance(events[-1], Abandoned)


def test_literal_minus() -> None:
    assert run(machine(minus=True, message=10_000), b"a APPEND x {4097+}\r\n")[1].startswith(
        b"a BAD [TOOBIG]"
    )
    assert (
        run(machine(minus=True, message=10_000, appended=10_000), b"a APPEND x {4097}\r\n")[1]
        == b"+ Go ahead\r\n"
    )
    said = run(
        machine(minus=True, message=10_000, appended=10_000),
        b"a APPEND x {4096+}\r\n" + b"a" * 4096 + b"\r\n",
    )[1]
    assert said == b"a OK Done\r\n"


@pytest.mark.parametrize(("size", "taken"), [(1000, True), (1001, False)])
def test_largest_message(size: int, taken: bool) -> None:
    said = run(machine(), b"a APPEND x {%d}\r\n" % size)[1]
    assert said.startswith(b"+") is taken


def test_long_messages_come_in_pieces() -> None:
    server = machine(message=1 << 20, appended=1 << 20)
    server.receive(b"a APPEND x {700000+}\r\n" + b"a" * 700_000 + b"\r\n")
    sizes = []
    while not isinstance(event := server.next_event(), Given):
        if isinstance(event, Arriving):
            assert server.arrival is not None
            server.arrival.accept()
        elif isinstance(event, Piece):
            sizes.append(len(event.data))
        server.go_on()
    assert sizes == [PIECE, PIECE, 700_000 - 2 * PIECE]


def test_idle_is_not_ended_by_a_message() -> None:
    server = machine()
    server.idle()
    assert (
        run(server, b"a APPEND x {3+}\r\nabc\r\nb NOOP\r\n")[1].splitlines()[1].startswith(b"* BAD IDLE ends")
    )


def test_line_ends_over_seams() -> None:
    random.seed(7)
    for _ in range(300):
        text = bytes(random.choices(b"\r\nab", k=random.randrange(1, 12)))
        whole = LineEnds().feed(text, last=True)
        assert b"\n" not in whole.replace(b"\r\n", b"")
        assert b"\r" not in whole.replace(b"\r\n", b"")
        ends, cuts = LineEnds(), sorted(random.choices(range(len(text) + 1), k=3))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert b"".join(ends.feed(part, last=n == 3) for n, part in enumerate(parts)) == whole


def test_random_commands_do_not_depend_on_cuts() -> None:
    """Whatever is said, and however it is cut, the same comes out, and nothing raises."""
    words = [b"a ", b"APPEND ", b"REPLACE 1 ", b"x ", b"(\\Seen) ", b"{3}\r\n", b"{3+}\r\n", b"~{2+}\r\n", b"abc", b"\0", b" ", b"CATENATE (", b"TEXT ", b"URL y ", b")", b"UTF8 (", b"\r\n", b"\n", b'"', b"{2000+}\r\n"]  # fmt: skip
    random.seed(11)
    for _ in range(1500):
        data = b"a APPEND x " + b"".join(random.choices(words, k=random.randrange(1, 12))) + b"\r\nb NOOP\r\n"
        refuse = random.randrange(-1, 3)
        expected = run(machine(), data, refuse=refuse)
        assert run(machine(), data, 1, refuse) == expected
        assert run(machine(), data, random.randrange(2, 9), refuse) == expected


@pytest.mark.parametrize(
    "part", [b" (%b) {1+}\r\na" % b" ".join([b"ab"] * 4_900), b" URL {60000+}\r\n" + b"u" * 60_000]
)
def test_what_is_said_around_messages_is_bounded(part: bytes) -> None:
    """Flags and URLs are kept until the command is whole, however many messages it brings."""
    beginning = b"a APPEND x" + (b" CATENATE (URL /b" if b"URL" in part else b" {1+}\r\na")
    events, said = run(machine(message=100_000), beginning + part * 90 + b")\r\nb NOOP\r\n")
    assert said == (
        b"a BAD [TOOBIG] A command has at most 1048576 octets here, its messages aside\r\nb OK Done\r\n"
    )
    assert any(isinstance(event, Abandoned) for event in events)
