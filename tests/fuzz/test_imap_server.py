"""Whatever a client sends, in whatever state: the machine never raises, answers each whole command once, says why, and holds little."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.imap.commands.selecting import Idle
from postroom.proto.imap.commands.session import Compress, LogIn, Logout, StartTls, Unauthenticate
from postroom.proto.imap.config import ImapConfig, Limits
from postroom.proto.imap.events import Given
from postroom.proto.imap.server import ImapServer
from postroom.proto.imap.verb import State
from postroom.proto.imap.verbs import VERBS

STATES = tuple(state for state in State if state is not State.LOGOUT)
TAGGED = re.compile(rb"^(?:[!-~]+) (?:OK|NO|BAD) ")

words = st.sampled_from(
    [
        *VERBS, b"1", b"1:*", b"*", b"$", b"2,4:7", b"0", b"4294967296", b"1_0", b"INBOX", b'"a b"', b'"\\"', b"&AOk-", b"&bad", b"%", b"(", b")",
        b"()", b"(\\Seen)", b"\\Seen", b"FLAGS", b"+FLAGS.SILENT", b"BODY[]", b"BODY.PEEK[1.2.MIME]<0.5>", b"BINARY[1]", b"HEADER.FIELDS", b"ALL",
        b"NOT", b"OR", b"SUBJECT", b"UID", b"RETURN (MIN", b"RETURN ()", b"CHARSET UTF-8", b"SINCE 1-Feb-1994", b'"17-Jul-1996 02:44:25 -0700"',
        b"(CONDSTORE)", b"(QRESYNC (1 2 3 (4 5)))", b"(CHANGEDSINCE 1 VANISHED)", b"NIL", b"{3}\r\nabc", b"{3+}\r\nabc", b"~{2+}\r\n\0a", b"{0}", b"{5}",
        b"CATENATE (TEXT {1+}\r\nx)", b"STATUS", b"RECURSIVEMATCH", b"DONE", b"PLAIN", b"=", b"DEFLATE", b"REVERSE DATE", b"REFERENCES", b"/private/comment",
    ]
)  # fmt: skip
lines = st.lists(st.one_of(words, words, st.binary(max_size=8)), max_size=7).map(
    lambda parts: b" ".join((b"t", *parts))
)
ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\0\r\n", b""])
streams = st.lists(st.tuples(lines, ends).map(b"".join), max_size=10).map(b"".join)


def machine_in(state: State) -> ImapServer:
    config = ImapConfig(
        "hamburger.test", starttls=True, plaintext=True, limits=Limits(faults=10_000, line=400, command=2_000)
    )
    machine = ImapServer(config)
    machine.greet()
    machine.state = state
    machine.data_to_send()
    return machine


def answer(machine: ImapServer, event: object) -> None:
    """As a session would, without a store behind it."""
    if not isinstance(event, Given):
        if hasattr(machine, "refuse_message") and type(event).__name__ != "Drain":
            machine.refuse_message("NO", "Not here")
        else:
            machine.go_on()
        return
    command = event.command
    if isinstance(command, Idle):
        machine.idle()
    elif isinstance(command, LogIn):
        machine.login_refused("No", "AUTHENTICATIONFAILED")
    elif isinstance(command, StartTls | Compress):
        machine.finish("NO", "Not now")
    elif isinstance(command, Unauthenticate):
        machine.logged_out("Out")
    elif isinstance(command, Logout):
        machine.bye("Bye")
        machine.finish("OK", "Out")
    else:
        machine.finish("OK", "Done")


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.value)
@given(streams, st.integers(1, 60))
def test_everything_is_survived(state: State, data: bytes, cut: int) -> None:
    machine = machine_in(state)
    said = b""
    for start in range(0, len(data), cut):
        machine.receive(data[start : start + cut])
        while (event := machine.next_event()) is not None:
            answer(machine, event)
        said += machine.data_to_send()
    for line in said.split(b"\r\n")[:-1]:
        assert line.startswith((b"* ", b"+")) or TAGGED.match(line), line
        assert line.isascii(), line  # RFC 9051 §9 (text): IMAP4rev2 was not enabled
        assert b" BAD" not in line or len(line.split(b" BAD", 1)[1].strip()) > 5, line


@given(streams, st.integers(1, 9))
def test_cuts_make_no_difference(data: bytes, cut: int) -> None:
    def dialogue(size: int) -> bytes:
        machine = machine_in(State.SELECTED)
        said = b""
        for start in range(0, len(data), size):
            machine.receive(data[start : start + size])
            while (event := machine.next_event()) is not None:
                answer(machine, event)
            said += machine.data_to_send()
        return said

    assert dialogue(cut) == dialogue(max(1, len(data)))
