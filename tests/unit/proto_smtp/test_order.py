"""The order of commands: the table is whole, and a small model of it agrees with the machine."""

import pytest

from postroom.proto.smtp.commands import VERBS, Command
from postroom.proto.smtp.config import ServerConfig, Service
from postroom.proto.smtp.order import HINTS, NEXT, State
from smtp_stage import Stage

TO = {
    State.GREETED: [],
    State.READY: ["EHLO a.test"],
    State.MAIL: ["EHLO a.test", "MAIL FROM:<>"],
    State.RCPT: ["EHLO a.test", "MAIL FROM:<>", "RCPT TO:<u@l.test>"],
    State.CHUNKS: ["EHLO a.test", "MAIL FROM:<>", "RCPT TO:<u@l.test>", "BDAT 0"],
}
LINES = {
    "EHLO": "EHLO a.test", "HELO": "HELO a.test", "MAIL": "MAIL FROM:<>", "RCPT": "RCPT TO:<u@l.test>", "DATA": "DATA", "BDAT": "BDAT 0",
    "RSET": "RSET", "NOOP": "NOOP", "VRFY": "VRFY u", "EXPN": "EXPN u", "HELP": "HELP", "ETRN": "ETRN a.test", "AUTH": "AUTH PLAIN AHUAcA==",
    "STARTTLS": "STARTTLS", "QUIT": "QUIT", "ATRN": "ATRN", "SEND": "SEND FROM:<>", "SOML": "SOML FROM:<>", "SAML": "SAML FROM:<>",
}  # fmt: skip


def test_every_state_has_a_row_and_words() -> None:
    assert set(NEXT) == set(HINTS) == set(State)


def test_every_command_has_its_place() -> None:
    placed: set[type[Command]] = {kind for row in NEXT.values() for kind in row}
    assert {row.command for row in VERBS.values()} == placed


@pytest.mark.parametrize("verb", LINES)
@pytest.mark.parametrize("state", TO)
def test_the_machine_follows_the_table(state: State, verb: str) -> None:
    stage = Stage(
        ServerConfig("mx.l.test", lambda: 0, service=Service.SUBMISSION, starttls=True, mechanisms=("PLAIN",), plaintext_auth=True,
                     etrn=True, turn=True)
    )  # fmt: skip
    stage.say(*TO[state])
    assert stage.machine.state is state
    reply = stage.say(LINES[verb])[-1]
    allowed = VERBS[verb].command in NEXT[state]
    assert reply.startswith(("503 5.5.1 ", "554 5.5.1 ")) != allowed
    following = NEXT[state].get(VERBS[verb].command)
    if allowed and following is not None and reply[0] == "2":
        assert stage.machine.state is following
    elif not allowed:
        assert stage.machine.state is state
