"""Hostile input, first half: where lines and messages end, and who speaks first."""

import pytest

from postroom.proto.smtp.config import Limits
from postroom.proto.smtp.events import BodyRefused, Closed
from smtp_stage import Stage, config

ENDS = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\n.\r", b"\r.\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n", b"\r\n\0.\r\n",
]  # fmt: skip
SMUGGLED = b"MAIL FROM:<x@a.test>\r\nRCPT TO:<u@l.test>\r\nDATA\r\n\r\nsecond\r\n.\r\n"
CUTS = [1, 2, 3, 7, 100_000]


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", CUTS)
@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_s01_no_lookalike_of_the_end_smuggles_a_second_message(end: bytes, size: int) -> None:
    stage = Stage().ready().transaction()
    stage.say("DATA")
    heard = stage.hear_each(cut(b"Subject: x\r\n\r\nfirst" + end + SMUGGLED, size))
    assert heard.startswith("550 5.5.2 ")
    assert heard.count("\r\n") == 1
    assert stage.letters == []
    assert stage.say("NOOP", "RCPT TO:<u@l.test>") == [
        "250 2.0.0 Ok",
        "503 5.5.1 Begin with MAIL FROM:<your address>",
    ]


@pytest.mark.parametrize("size", CUTS)
def test_s02_no_bdat_is_smuggled_behind_a_lookalike(size: int) -> None:
    stage = Stage().ready().transaction()
    stage.say("DATA")
    inner = b"MAIL FROM:<x@a.test>\r\nRCPT TO:<u@l.test>\r\nBDAT 86 LAST\r\n" + b"y" * 86
    heard = stage.hear_each(cut(b"first\r\n.\n" + inner + b"\r\n.\r\n", size))
    assert heard.count("250") == 0
    assert stage.letters == []


def test_s04_the_end_may_be_cut_anywhere() -> None:
    body = b"".join(b"line %d\r\n" % number for number in range(200))
    wire = b"..dots\r\n" + body + b".\r\n"
    for size in (1, 3, len(wire) - 1, len(wire)):
        stage = Stage().ready().transaction()
        stage.say("DATA")
        assert stage.hear_each(cut(wire, size)) == "250 2.0.0 Ok: queued as J1\r\n"
        assert stage.letters[0][1] == b".dots\r\n" + body


def test_s04_each_cut_of_the_last_octets() -> None:
    wire = b"a\r\n..\r\nb\r\n.\r\nNOOP\r\n"
    check_each_cut(wire, b"a\r\n.\r\nb\r\n")
    check_each_cut(b"ab\r\ncd\r\n.\r\nNOOP\r\n", b"ab\r\ncd\r\n")
    check_each_cut(b".\r\nNOOP\r\n", b"")


def check_each_cut(wire: bytes, text: bytes) -> None:
    for at in range(len(wire) + 1):
        stage = Stage().ready().transaction()
        stage.say("DATA")
        heard = stage.hear_each([wire[:at], wire[at:]])
        assert heard == "250 2.0.0 Ok: queued as J1\r\n250 2.0.0 Ok\r\n"
        assert stage.letters[0][1] == text


@pytest.mark.parametrize("later", [False, True])
def test_s05_what_comes_behind_starttls_in_the_clear_is_never_answered(later: bool) -> None:
    stage = Stage(config(tls=True)).ready()
    if later:
        assert stage.hear(b"STARTTLS\r\n") == "220 2.0.0 Go ahead\r\n"
        assert stage.hear(b"MAIL FROM:<inj@a.test>\r\n") == ""
        stage.machine.tls_started()
        assert stage.say("NOOP") == ["250 2.0.0 Ok"]
        assert stage.machine.transaction is None
    else:
        heard = stage.hear(b"STARTTLS\r\nMAIL FROM:<inj@a.test>\r\n")
        assert heard.startswith("554 5.5.0 ")
        assert stage.machine.closing


def test_s05_half_a_line_behind_starttls_is_too_much() -> None:
    stage = Stage(config(tls=True)).ready()
    assert stage.hear(b"STARTTLS\r\nM").startswith("554 5.5.0 ")
    assert stage.machine.closing


def test_s07_nothing_from_before_tls_counts() -> None:
    stage = Stage(config(tls=True, auth=True)).ready()
    stage.say("MAIL FROM:<x@a.test>", "STARTTLS")
    stage.machine.tls_started()
    assert (stage.machine.hello, stage.machine.transaction) == ("", None)
    assert stage.say("RCPT TO:<u@l.test>")[0].startswith("503 5.5.1 ")
    assert stage.say("MAIL FROM:<x@a.test>")[0].startswith("503 5.5.1 ")
    assert stage.say("STARTTLS") == ["503 5.5.1 TLS is on already"]
    assert not [line for line in stage.say("EHLO a.test") if "STARTTLS" in line]


def test_s09_speaking_before_the_greeting() -> None:
    stage = Stage(greet=False)
    assert stage.hear(b"EHLO x\r\n") == ""
    stage.machine.greet()
    assert stage.machine.data_to_send().startswith(b"554 5.5.0 SMTP protocol synchronization")
    assert stage.machine.closing


@pytest.mark.parametrize(
    "data",
    [
        b"EHLO x\r\nMAIL FROM:<a@b.test>\r\n",
        b"HELO x\r\nMAIL FROM:<a@b.test>\r\n",
        b"EHLO x\r\nM",
    ],
)
def test_s09_speaking_behind_ehlo(data: bytes) -> None:
    stage = Stage()
    assert stage.hear(data).startswith("554 5.5.0 SMTP protocol synchronization")
    assert stage.machine.closing


def test_s09_the_message_before_354() -> None:
    stage = Stage().ready().transaction()
    heard = stage.hear(b"DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\n")
    assert heard.startswith("554 5.5.0 ")
    assert "Wait for each reply" in heard
    assert stage.letters == []


def test_s09_the_message_while_the_answer_to_data_is_sought() -> None:
    stage = Stage().ready().transaction()
    machine = stage.machine
    machine.receive(b"DATA\r\n")
    assert machine.next_event() is not None
    machine.receive(b"Subject: x\r\n")
    stage.answer(machine.awaiting)  # type: ignore[arg-type]
    assert machine.data_to_send().startswith(b"554 5.5.0 ")
    assert machine.closing


@pytest.mark.parametrize(
    "request_line", [b"POST / HTTP/1.1", b"GET /evil HTTP/1.0", b"CONNECT mx:25 HTTP/1.1", b"PRI * HTTP/2.0"]
)
def test_s10_a_web_browser_is_sent_away(request_line: bytes) -> None:
    stage = Stage()
    heard = stage.hear(request_line + b"\r\nHost: mx\r\n\r\nEHLO x\r\nMAIL FROM:<a@b.test>\r\n")
    assert heard.startswith("221 2.7.0 ")
    assert heard.count("\r\n") == 1
    assert "evil" not in heard
    assert stage.machine.closing


@pytest.mark.parametrize("line", [b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2", b"XCLIENT ADDR=127.0.0.1"])
def test_s41_what_only_a_proxy_may_say(line: bytes) -> None:
    stage = Stage()
    assert stage.hear(line + b"\r\nEHLO x\r\n").startswith("500 5.5.1 ")
    assert stage.machine.closing


def test_s12_a_line_that_is_too_long_is_refused_once() -> None:
    stage = Stage().ready()
    assert stage.say("NOOP " + "x" * 505) == ["250 2.0.0 Ok"]
    assert stage.say("NOOP " + "x" * (2048 - 7)) == ["250 2.0.0 Ok"]
    assert stage.say("NOOP " + "x" * (2049 - 7)) == ["500 5.5.2 The line is too long"]
    assert stage.say("NOOP") == ["250 2.0.0 Ok"]


def test_s12_ten_megabytes_without_an_end() -> None:
    stage = Stage().ready()
    heard = [stage.hear(b"x" * 65_536) for _ in range(160)]
    assert "".join(heard) == "500 5.5.2 The line is too long\r\n"
    assert stage.say("", "NOOP") == ["250 2.0.0 Ok"]


@pytest.mark.parametrize(
    ("data", "replies"),
    [
        (b"MAIL FROM:<a\0b@r.test>\r\n", ["501 5.5.2"]),
        (b"MAIL FROM:<a\x1bb@r.test>\r\n", ["501 5.5.2"]),
        (b"RSET\rQUIT\r\n", ["500 5.5.2"]),
        (b"EHLO x\n", ["500 5.5.2"]),
        (b"RSET\nQUIT\r\n", ["500 5.5.2", "500 5.5.2"]),
        (b"RSET\nQUIT\r\nNOOP\r\n", ["500 5.5.2", "500 5.5.2", "250 2.0.0"]),
        (b"EHLO \xc3(\r\n", ["500 5.5.2"]),
    ],
)
def test_s13_nul_and_bare_line_ends_in_commands(data: bytes, replies: list[str]) -> None:
    for size in CUTS:
        stage = Stage().ready()
        assert [line[:9] for line in stage.hear_each(cut(data, size)).split("\r\n")[:-1]] == replies
        assert not stage.machine.closing


def test_s13_a_bare_lf_is_answered_with_the_remedy() -> None:
    assert "end each line with CRLF" in Stage().hear(b"HELO x\n")


def test_s16_noop_without_end() -> None:
    stage = Stage().ready()
    heard = stage.hear(b"NOOP\r\n" * 1000)
    assert heard.count("250 2.0.0 Ok\r\n") == 99  # EHLO was the first of a hundred
    assert heard.endswith("421 4.7.0 Too many commands without a message, goodbye\r\n")
    assert stage.machine.closing


def test_s16_a_message_makes_good() -> None:
    stage = Stage().ready()
    stage.hear(b"NOOP\r\n" * 90)
    stage.transaction().say("DATA", "x\r\n.")
    assert stage.hear(b"NOOP\r\n" * 90).count("250") == 90


def test_s17_the_21st_error_is_the_last() -> None:
    stage = Stage().ready()
    heard = [stage.hear(b"FOO\r\n") for _ in range(21)]
    assert [line[:3] for line in heard] == ["500"] * 20 + ["421"]
    assert heard[-1] == "421 4.7.0 Too many errors, goodbye\r\n"
    assert stage.hear(b"NOOP\r\n") == ""
    assert any(isinstance(event, Closed) for event in stage.events)


@pytest.mark.parametrize("size", [1000, 100_000])
def test_s21_a_message_over_the_limit_is_read_and_refused_once(size: int) -> None:
    stage = Stage(config(limits=Limits(message=10_000, spill=3000))).ready().transaction()
    stage.say("DATA")
    wire = b"x" * 78 + b"\r\n"
    heard = stage.hear_each(cut(wire * 150 + b".\r\n", size))
    assert heard == "552 5.3.4 The message is too big\r\n"
    assert isinstance(stage.events[-1], BodyRefused)
    assert stage.say("NOOP") == ["250 2.0.0 Ok"]


def test_s21_twice_the_limit_ends_the_connection() -> None:
    stage = Stage(config(limits=Limits(message=10_000))).ready().transaction()
    stage.say("DATA")
    heard = stage.hear_each([b"x" * 998 + b"\r\n"] * 30)
    assert heard == "552 5.3.4 The message is too big\r\n"
    assert stage.machine.closing
