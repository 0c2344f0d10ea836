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
