"""The server machine in each of its states, fed with anything; and compared with a small model."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.order import State
from smtp_stage import NO_USER, Stage

LIMITS = Limits(message=5000, recipients=3, spill=300)
STATES: dict[str, list[bytes]] = {
    "connected": [],
    "greeted": [b"EHLO a.test\r\n"],
    "logged in": [b"EHLO a.test\r\n", b"AUTH PLAIN AHUAcA==\r\n"],
    "login": [b"EHLO a.test\r\n", b"AUTH LOGIN\r\n"],
    "mail": [b"EHLO a.test\r\n", b"MAIL FROM:<>\r\n"],
    "rcpt": [b"EHLO a.test\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<u@l.test>\r\n"],
    "data": [b"EHLO a.test\r\n", b"MAIL FROM:<>\r\nRCPT TO:<u@l.test>\r\nDATA\r\n"],
    "chunks": [b"EHLO a.test\r\n", b"MAIL FROM:<>\r\nRCPT TO:<u@l.test>\r\nBDAT 3\r\nabc"],
    "chunk": [b"EHLO a.test\r\n", b"MAIL FROM:<>\r\nRCPT TO:<u@l.test>\r\nBDAT 30 LAST\r\nabc"],
    "tls": [b"EHLO a.test\r\n", b"STARTTLS\r\n"],
}
WORDS = [
    b"EHLO a.test", b"HELO b", b"LHLO", b"MAIL FROM:<a@b.test>", b"MAIL FROM:<a@b.test> SIZE=10 BODY=8BITMIME", b"RCPT TO:<u@l.test>",
    b"RCPT TO:<nobody@l.test>", b"DATA", b"BDAT 3", b"BDAT 0 LAST", b"RSET", b"NOOP", b"QUIT", b"VRFY u", b"EXPN l", b"HELP", b"STARTTLS",
    b"AUTH PLAIN AHUAcA==", b"AUTH LOGIN", b"*", b"ETRN a.test", b"ATRN", b"SEND FROM:<>", b"\r\n", b"\r\n", b"\r\n", b".", b"\r", b"\n",
    b"\0", b"\xff", b" ", b"<", b">", b'"', b"=", b"x" * 500,
]  # fmt: skip
JUNK = st.lists(st.sampled_from(WORDS) | st.binary(max_size=20), max_size=25).map(b"".join)


def stage_in(steps: list[bytes], service: Service = Service.SUBMISSION) -> Stage:
    stage = Stage(
        ServerConfig("l.test", lambda: 0, service=service, limits=LIMITS, starttls=True, mechanisms=("PLAIN", "LOGIN"), plaintext_auth=True,
                     etrn=True, turn=True)
    )  # fmt: skip
    stage.refused["nobody"] = NO_USER
    for step in steps:
        stage.hear(step.replace(b"EHLO", b"LHLO") if service is Service.LMTP else step)
    return stage


@pytest.mark.parametrize("service", [Service.SUBMISSION, Service.LMTP])
@pytest.mark.parametrize("state", STATES)
@given(data=JUNK, seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_anything_in_any_state(state: str, service: Service, data: bytes, seed: int) -> None:
    stage = stage_in(STATES[state], service)
    chance = random.Random(seed)
    said, start = "", 0
    while start < len(data):
        size = chance.choice([1, 2, 5, 50, 5000])
        said += stage.hear(data[start : start + size])
        start += size
    for line in said.split("\r\n")[:-1]:
        assert line[:3].isdigit()
        assert line[3] in " -"
        assert len(line) <= 510
        assert line.isprintable()
    assert stage.machine.closing or stage.machine.turned or not stage.machine.lines.more
    for envelope, body in stage.letters:
        assert envelope.recipients
        assert body.count(b"\r\n") == body.count(b"\n") == body.count(b"\r") or envelope.body == "BINARYMIME"


class Model(RuleBasedStateMachine):
    """What a session may say next, in ten lines of state; the machine must agree after each command."""

    def __init__(self) -> None:
        super().__init__()
        self.connect()

    def connect(self) -> None:
        self.stage = stage_in([])
        self.hello = False
        self.letters = 0
        self.anew()

    def expect(self, line: bytes, *codes: int) -> None:
        heard = self.stage.hear(line + b"\r\n")
        assert int(heard[:3]) in codes, (line, heard, codes)

    def anew(self) -> None:
        self.mail, self.recipients, self.chunks = False, 0, False

    def alive(self) -> bool:
        return (
            not self.stage.machine.closing and self.stage.machine.errors < 19 and self.stage.machine.junk < 95
        )

    @precondition(lambda self: not self.alive())
    @rule()
    def say_it_again(self) -> None:
        self.connect()

    @precondition(alive)
    @rule(verb=st.sampled_from([b"EHLO", b"HELO"]))
    def say_hello(self, verb: bytes) -> None:
        self.expect(verb + b" a.test", 250)
        self.hello = True
        self.anew()

    @precondition(alive)
    @rule()
    def say_rset(self) -> None:
        self.expect(b"RSET", 250)
        self.anew()

    @precondition(alive)
    @rule(verb=st.sampled_from([b"NOOP", b"VRFY u", b"EXPN l", b"HELP"]))
    def say_any_time(self, verb: bytes) -> None:
        self.expect(verb, 250, 252, 214)

    @precondition(alive)
    @rule(line=st.sampled_from([b"MAIL FROM:<a@b.test>", b"mail from: a@b.test SIZE=9"]))
    def say_mail(self, line: bytes) -> None:
        fine = self.hello and not self.mail
        self.expect(line, 250 if fine else 503)
        self.mail = self.mail or fine

    @precondition(alive)
    @rule(known=st.booleans())
    def say_rcpt(self, known: bool) -> None:
        line = b"RCPT TO:<u@l.test>" if known else b"RCPT TO:<nobody@l.test>"
        if not self.mail or self.chunks:
            self.expect(line, 503)
        elif self.recipients == LIMITS.recipients:
            self.expect(line, 452)
        else:
            self.expect(line, 250 if known else 550)
            self.recipients += known

    @precondition(alive)
    @rule(body=st.sampled_from([b"", b"hello\r\n", b"..\r\n", b"bare\nlf\r\n", b"x" * 6000 + b"\r\n"]))
    def say_data(self, body: bytes) -> None:
        if not self.recipients or self.chunks:
            self.expect(b"DATA", 554 if self.mail and not self.chunks else 503)
            return
        self.expect(b"DATA", 354)
        code = 552 if len(body) > 5000 else 550 if b"e\nl" in body else 250
        self.expect(body + b".", code)
        self.letters += code == 250
        self.anew()

    @precondition(alive)
    @rule(last=st.booleans())
    def say_bdat(self, last: bool) -> None:
        line = b"BDAT 6 LAST\r\nQUIT" if last else b"BDAT 6\r\nQUIT"  # the line end is the chunk's, too
        if not self.recipients:
            self.expect(line, 554 if self.mail else 503)
            return
        self.expect(line, 250)
        self.chunks = True
        if last:
            self.letters += 1
            self.anew()

    @invariant()
    def agree(self) -> None:
        machine = self.stage.machine
        assert len(self.stage.letters) == self.letters
        if not machine.closing:
            assert bool(machine.transaction) == self.mail
            assert (machine.state in {State.RCPT, State.CHUNKS}) == bool(self.recipients)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
