"""The gate before a machine: what is stopped, what is swallowed, what goes through, and in which order all is answered."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from postroom.lab.faults.gate import Gate, Stopped, called, wire, without_tls
from postroom.lab.faults.rules import FaultRule, FaultRules


class Machine:
    """Answers every whole line by itself, and notes what came."""

    def __init__(self, replies: dict[bytes, bytes] | None = None) -> None:
        self.came = b""
        self._new = b""
        self._out = b""
        self._replies = replies or {}
        self.events: deque[Any] = deque()
        self.closing = False

    def receive(self, data: bytes) -> None:
        self.came += data
        self._new += data

    def next_event(self) -> Any:
        while b"\r\n" in self._new:
            line, _, self._new = self._new.partition(b"\r\n")
            self._out += self._replies.get(line.split()[0] if line.split() else b"", b"ok " + line + b"\r\n")
        return None

    def data_to_send(self) -> bytes:
        out, self._out = self._out, b""
        return out


class Stand:
    """A gate of a protocol before such a machine. `settled` counts answers that were ended."""

    def __init__(self, protocol: str, *rules: FaultRule, replies: dict[bytes, bytes] | None = None) -> None:
        self.rules = FaultRules()
        for rule in rules:
            self.rules.add(rule)
        self.machine = Machine(replies)
        self.settled = 0
        self.gate = Gate(self.machine, (protocol, protocol, "l.test"), self.rules, self._settle)

    def _settle(self) -> None:
        self.settled += 1

    def say(self, data: bytes) -> bytes:
        """What is answered, faults included."""
        self.gate.receive(data)
        while (event := self.gate.next_event()) is not None:
            assert isinstance(event, Stopped)
            self.gate.answer(event)
        return self.gate.data_to_send()


def test_without_faults_all_goes_through_as_it_comes() -> None:
    stand = Stand("smtp")
    assert stand.say(b"NO") == b""
    assert stand.machine.came == b"NO"
    assert stand.say(b"OP\r\nRSET\r\n") == b"ok NOOP\r\nok RSET\r\n"
    assert stand.settled == 0


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_pipelined_commands_are_answered_in_their_order(chunk: int) -> None:
    stand = Stand("smtp", FaultRule("smtp RCPT", reply="451 4.3.0 Later"))
    said = b"MAIL a\r\nRCPT b\r\nNOOP\r\n"
    heard = b"".join(stand.say(said[at : at + chunk]) for at in range(0, len(said), chunk))
    assert heard == b"ok MAIL a\r\n451 4.3.0 Later\r\nok NOOP\r\n"
    assert stand.machine.came == b"MAIL a\r\nNOOP\r\n"


def test_a_fault_that_is_switched_on_within_a_line_concerns_the_next() -> None:
    stand = Stand("smtp")
    stand.say(b"RCPT")
    stand.rules.add(FaultRule("smtp RCPT", reply="451 4.3.0 Later", times=1))
    assert stand.say(b" a\r\nRCPT b\r\n") == b"ok RCPT a\r\n451 4.3.0 Later\r\n"
    assert stand.say(b"RCPT c\r\n") == b"ok RCPT c\r\n"


def test_what_a_message_holds_is_no_command() -> None:
    replies = {b"DATA": b"354 Go\r\n", b"QUIT": b"", b".": b"250 Ok\r\n"}
    stand = Stand("smtp", FaultRule("smtp QUIT", reply="421 4.3.2 Bye"), replies=replies)
    assert stand.say(b"DATA\r\n") == b"354 Go\r\n"
    assert stand.say(b"QUIT\r\n.\r\n") == b"250 Ok\r\n"
    assert stand.say(b"QUIT\r\n") == b"421 4.3.2 Bye\r\n"
    assert stand.gate.closing


def test_a_fault_that_is_switched_on_while_a_message_waits_for_leave_concerns_no_line_of_it() -> None:
    stand = Stand("smtp")
    stand.gate.receive(b"DATA\r\n")
    stand.gate.receive(b"RCPT 1\r\nRCP")
    stand.rules.add(FaultRule("smtp RCPT", reply="451 4.3.0 Later"))
    stand.machine._replies = {b"DATA": b"354 Go\r\n", b"RCPT": b"", b".": b"250 Ok\r\n"}
    assert stand.say(b"T 2\r\n.\r\nRCPT a\r\n") == b"354 Go\r\n250 Ok\r\n451 4.3.0 Later\r\n"
    assert stand.machine.came == b"DATA\r\nRCPT 1\r\nRCPT 2\r\n.\r\n"


def test_what_comes_behind_a_refused_data_goes_through() -> None:
    replies = {b"DATA": b"503 5.5.1 RCPT first\r\n", b"RSET": b"", b"MAIL": b"250-two\r\n"}
    stand = Stand("smtp", FaultRule("smtp QUIT", reply="421 4.3.2 Bye"), replies=replies)
    assert stand.say(b"RSET\r\nMAIL\r\nDATA\r\nNOOP\r\n") == b"250-two\r\n503 5.5.1 RCPT first\r\nok NOOP\r\n"
    assert stand.say(b"QUIT\r\n") == b"421 4.3.2 Bye\r\n"


def test_octets_behind_a_stopped_command_are_swallowed() -> None:
    stand = Stand("smtp", FaultRule("smtp BDAT", reply="451 4.3.0 Later"))
    assert stand.say(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n") == b"451 4.3.0 Later\r\nok NOOP\r\n"
    assert stand.machine.came == b"NOOP\r\n"


def test_a_stopped_command_with_literals_is_swallowed_whole() -> None:
    stand = Stand("imap", FaultRule("imap APPEND", reply="NO [OVERQUOTA] Full"))
    said = b"a APPEND x {3+}\r\nb L {2+}\r\nhi\r\nc NOOP\r\n"
    assert stand.say(said) == b"a NO [OVERQUOTA] Full\r\nok c NOOP\r\n"
    assert stand.machine.came == b"c NOOP\r\n"


def test_a_literal_that_waits_is_not_asked_for() -> None:
    stand = Stand("imap", FaultRule("imap APPEND", reply="NO [OVERQUOTA] Full"))
    assert stand.say(b"a APPEND x {3}\r\n") == b"a NO [OVERQUOTA] Full\r\n"
    assert stand.say(b"b NOOP\r\n") == b"ok b NOOP\r\n"


def test_the_rest_of_a_command_is_no_command() -> None:
    stand = Stand("imap", FaultRule("imap LOGIN", reply="NO Later"))
    assert b"NO Later" not in stand.say(b"a APPEND x {1+}\r\nb LOGIN {1+}\r\nb LOGIN c\r\n")


def test_secrets_go_through_as_they_are() -> None:
    stand = Stand("pop3", FaultRule("pop3 STAT", drop=True))
    stand.say(b"PASS opensesame\r\n")
    assert stand.machine.came == b"PASS opensesame\r\n"


def test_under_tls_nothing_counts_that_came_before() -> None:
    stand = Stand("smtp", FaultRule("smtp MAIL", reply="451 4.3.0 Later"))
    stand.say(b"RCPT")
    stand.gate.secured()
    assert stand.say(b"MAIL a\r\n") == b"451 4.3.0 Later\r\n"


@pytest.mark.parametrize(
    ("protocol", "before", "after"),
    [
        ("smtp", b"250-l\r\n250-STARTTLS\r\n250 SIZE\r\n", b"250-l\r\n250 SIZE\r\n"),
        ("smtp", b"250-l\r\n250-SIZE\r\n250 STARTTLS\r\n", b"250-l\r\n250 SIZE\r\n"),
        ("pop3", b"+OK\r\nTOP\r\nSTLS\r\n.\r\n", b"+OK\r\nTOP\r\n.\r\n"),
        ("imap", b"* CAPABILITY IMAP4rev1 STARTTLS IDLE\r\n", b"* CAPABILITY IMAP4rev1 IDLE\r\n"),
        ("imap", b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n", b"* OK [CAPABILITY IMAP4rev1 ] hi\r\n"),
        ("imap", b"* OK about STARTTLS\r\n", b"* OK about STARTTLS\r\n"),
    ],
)
def test_without_tls(protocol: str, before: bytes, after: bytes) -> None:
    assert without_tls(protocol, before) == after


def test_stripped_is_not_known_either() -> None:
    stand = Stand("smtp", FaultRule("tls", strip=True), replies={b"EHLO": b"250-l\r\n250 STARTTLS\r\n"})
    assert stand.say(b"EHLO c\r\n") == b"250 l\r\n"
    assert stand.say(b"STARTTLS\r\n") == b"502 5.5.1 Command not implemented\r\n"
    assert [rule.hits for rule in stand.rules] == [1]
    stand.gate.secured()
    assert stand.say(b"STARTTLS\r\n") == b"ok STARTTLS\r\n"


@pytest.mark.parametrize(
    ("protocol", "line", "said"),
    [
        ("smtp", b"rcpt to:<a@b>\r\n", ("RCPT", "rcpt to:<a@b>")),
        ("imap", b"a uid fetch 1 FLAGS\r\n", ("UID FETCH", "uid fetch 1 FLAGS")),
        ("imap", b"a\r\n", ("", "")),
        ("pop3", b"\r\n", ("", "")),
    ],
)
def test_verbs(protocol: str, line: bytes, said: tuple[str, str]) -> None:
    assert called(protocol, line) == said


@pytest.mark.parametrize(
    ("protocol", "reply", "line", "octets"),
    [
        ("smtp", "451", b"MAIL\r\n", b"451 4.0.0 As asked for by a fault of the lab\r\n"),
        ("imap", "NO Later", b"t1 FETCH\r\n", b"t1 NO Later\r\n"),
        ("imap", "BYE Later", b"t1 FETCH\r\n", b"* BYE Later\r\n"),
        ("pop3", "-ERR Later", b"STAT\r\n", b"-ERR Later\r\n"),
    ],
)
def test_replies(protocol: str, reply: str, line: bytes, octets: bytes) -> None:
    assert wire(protocol, reply, line) == octets


def test_what_a_letter_says_is_no_offer_of_tls() -> None:
    """Nor is it looked through more than once: a line of it may be long."""
    line = b"CAPABILITY " * 100_000 + b"STARTTLS\r\n"
    assert without_tls("imap", line) == line
    stand = Stand("imap", replies={b"a": line})
    assert stand.say(b"a FETCH 1 BODY[]\r\n") == line


@pytest.mark.parametrize(
    ("protocol", "command", "letter"),
    [
        ("pop3", b"RETR 1\r\n", b"+OK\r\nSTLS\r\n.\r\n"),
        ("smtp", b"ATRN\r\n", b"250-STARTTLS\r\n250 SIZE\r\n"),
        ("imap", b"a FETCH 1 BODY[]\r\n", b"* 1 FETCH (BODY[] {25}\r\n* CAPABILITY X STARTTLS\r\n)\r\n"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_stripping_leaves_letters_as_they_are(
    protocol: str, command: bytes, letter: bytes, late: bool
) -> None:
    """Their octets are counted; `late`: it is switched on while they are read."""
    strip = FaultRule("tls", strip=True)
    stand = Stand(protocol, *([] if late else [strip]), replies={command.split()[0]: letter})
    stand.gate.receive(command)
    if late:
        stand.rules.add(strip)
    assert stand.say(b"") == letter
    assert strip.hits == 0


def test_offers_of_tls_are_taken_out_where_they_are_made() -> None:
    strip = FaultRule("tls", strip=True)
    stand = Stand(
        "pop3", strip, replies={b"capa": b"+OK\r\nTOP\r\nSTLS\r\n.\r\n", b"TOP": b"+OK\r\nSTLS\r\n.\r\n"}
    )
    assert stand.say(b"capa\r\nTOP 1 1\r\n") == b"+OK\r\nTOP\r\n.\r\n+OK\r\nSTLS\r\n.\r\n"
    greeted = Stand("imap", strip)
    greeted.machine._out = b"* OK [CAPABILITY IMAP4rev1 STARTTLS ID] hi\r\n"
    assert greeted.gate.data_to_send() == b"* OK [CAPABILITY IMAP4rev1 ID] hi\r\n"
    assert strip.hits == 2
    login = Stand("imap", strip, replies={b"a": b"", b"AGJvYg==": b"a OK [CAPABILITY STARTTLS ID] in\r\n"})
    assert login.say(b"a AUTHENTICATE PLAIN\r\nAGJvYg==\r\n") == b"a OK [CAPABILITY ID] in\r\n"


@pytest.mark.parametrize(
    "offer", [b"* CAPABILITY IMAP4rev1 %sIDLE\r\n", b"* OK [CAPABILITY %sIDLE] hi\r\n", b"a OK [CAPABILITY X %sY] in\r\n"]
)  # fmt: skip
def test_each_offer_of_tls(offer: bytes) -> None:
    assert without_tls("imap", b"* 1 EXISTS\r\n" + offer % b"STARTTLS ") == b"* 1 EXISTS\r\n" + offer % b""
