"""What is said of a command that something is missing of."""

from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.parsing import Bad, parse
from postroom.proto.imap.server import ImapServer
from postroom.proto.imap.syntax import SYNTAX
from postroom.proto.imap.verb import State
from postroom.proto.imap.verbs import VERBS

STATES = (State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED)


def test_whoever_leaves_out_the_arguments_is_told_which_there_are() -> None:
    told = set()
    for name, verb in VERBS.items():
        state = next(state for state in STATES if state in verb.states)
        found = parse(b"a " + name, state, utf8=False)
        if isinstance(found, Bad):
            assert found.words.endswith(f": {SYNTAX[name]}"), name
            told.add(name)
    assert told == set(SYNTAX)


def test_what_is_wrong_in_the_middle_is_told_by_its_place() -> None:
    assert parse(b"a FETCH x FLAGS", State.SELECTED, utf8=False) == Bad(
        "Expected a set of messages, such as 1:3,5,7:*, at octet 9"
    )


def test_a_line_too_long_is_answered_under_its_tag_when_that_is_known() -> None:
    for line, tag in ((b"abc " + b"x" * 9_000, b"abc"), (b"x" * 9_000, b"*")):
        machine = ImapServer(ImapConfig("hamburger.test"))
        machine.receive(line + b"\r\n")
        assert machine.next_event() is None
        assert machine.data_to_send().startswith(tag + b" BAD [TOOBIG] ")


def machine_in(state: State) -> ImapServer:
    machine = ImapServer(ImapConfig("hamburger.test", plaintext=True))
    machine.greet()
    if state is not State.NOT_AUTHENTICATED:
        machine.logged_in("in")
    machine.data_to_send()
    return machine


def test_what_has_no_good_tag_is_no_command() -> None:
    """RFC 9051 §9 (tag): an answer has to name it, so that whoever waits can tell."""
    for tag in (b"t" * 101, b"*", b"+", b"a+", b'"a"', b"(a"):
        for command in (b" NOOP", b" LOGOUT", b" APPEND INBOX {1+}\r\nx", b" APPEND {5+}\r\nINBOX {1+}\r\nx"):
            machine = machine_in(State.AUTHENTICATED)
            machine.receive(tag + command + b"\r\n")
            assert machine.next_event() is None, (tag, command)
            assert machine.data_to_send().startswith(b"* BAD A command is a tag"), (tag, command)


def test_the_longest_tag_is_repeated() -> None:
    machine = machine_in(State.AUTHENTICATED)
    machine.receive(b"t" * 100 + b" CAPABILITY\r\n")
    assert machine.next_event() is None
    assert b"\r\n" + b"t" * 100 + b" OK " in machine.data_to_send()


def test_a_response_that_is_no_line_ends_authenticate_under_its_tag() -> None:
    """RFC 9051 §6.2.2: whoever waits for the end of AUTHENTICATE is told, and what may be a password is not repeated."""
    for response in (b"A" * 9_000, b"AAAA {50000}", b"AAAA\n", b"AA\rAA"):
        machine = machine_in(State.NOT_AUTHENTICATED)
        machine.receive(b"a AUTHENTICATE PLAIN\r\n")
        assert machine.next_event() is None
        assert machine.data_to_send() == b"+ \r\n"
        machine.receive(response if response.endswith(b"\n") else response + b"\r\n")
        assert machine.next_event() is None
        assert machine.data_to_send().startswith(b"a BAD "), response
