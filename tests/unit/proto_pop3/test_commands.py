import pytest

from postroom.proto.pop3 import authorization, conversation, transaction
from postroom.proto.pop3.commands import CAPABILITIES, COMMANDS, Offer, State, capability_lines, verbs_in

OPEN = Offer(
    passwords=True, mechanisms=("PLAIN",), stls=True, login_delay=900, expire=60, implementation="Postroom"
)
SHUT = Offer(passwords=False, mechanisms=(), stls=False, login_delay=0, expire=None, implementation="")


def test_every_command_has_one_handler_in_the_table_of_its_state() -> None:
    both = set(conversation.HANDLERS)
    before, after = set(authorization.HANDLERS), set(transaction.HANDLERS)
    assert not both & before
    assert not both & after
    for state, handlers in ((State.AUTHORIZATION, before | both), (State.TRANSACTION, after | both)):
        assert handlers == {verb for verb, command in COMMANDS.items() if state in command.states}


def test_every_verb_of_a_capability_is_a_command() -> None:
    assert {verb for capability in CAPABILITIES for verb in capability.verbs} <= {
        command.verb for command in COMMANDS.values()
    }


def test_capabilities_say_what_is_offered() -> None:
    assert capability_lines(OPEN) == [
        "TOP", "USER", "SASL PLAIN", "RESP-CODES", "AUTH-RESP-CODE", "LOGIN-DELAY 900", "PIPELINING", "EXPIRE 60", "UIDL", "STLS",
        "UTF8 USER", "LANG", "IMPLEMENTATION Postroom",
    ]  # fmt: skip


def test_what_is_not_offered_is_not_announced() -> None:
    assert capability_lines(SHUT) == [
        "TOP", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UIDL", "UTF8 USER", "LANG",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "rest", "arguments"),
    [
        (b"RETR", b"1", [b"1"]),
        (b"RETR", b" 1 ", [b"1"]),
        (b"RETR", b"", None),
        (b"RETR", b"1 2", None),
        (b"LIST", b"", []),
        (b"STAT", b"1", None),
        (b"PASS", b" two  words ", [b" two  words "]),
        (b"PASS", b"", None),
    ],
)
def test_arguments_are_counted(verb: bytes, rest: bytes, arguments: list[bytes] | None) -> None:
    assert COMMANDS[verb].arguments(rest) == arguments


def test_each_state_knows_its_verbs() -> None:
    assert verbs_in(State.AUTHORIZATION) == "USER PASS APOP AUTH STLS UTF8 CAPA LANG QUIT"
    assert verbs_in(State.TRANSACTION) == "CAPA LANG QUIT STAT LIST RETR DELE NOOP RSET TOP UIDL"
    assert not verbs_in(State.UPDATE)
