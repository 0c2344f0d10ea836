"""Hostile input, second half: parameters, order, chunks, logins and addresses."""

import pytest

from postroom.proto.smtp.commands import Rcpt
from postroom.proto.smtp.config import Limits, Service
from postroom.proto.smtp.events import Authenticate, BodyEnd
from postroom.proto.smtp.reply import Reply
from smtp_stage import NO_USER, Stage, config


def codes(lines: list[str]) -> list[str]:
    return [line[:9].rstrip() for line in lines]


def test_s18_the_1001st_recipient_waits_for_another_message() -> None:
    stage = Stage().ready()
    stage.say("MAIL FROM:<x@a.test>")
    heard = stage.say(*(f"RCPT TO:<u{number}@l.test>" for number in range(1030)))
    assert codes(heard[:1000]) == ["250 2.0.0"] * 1000
    assert set(codes(heard[1000:])) == {"452 4.5.3"}
    stage.say("DATA", "x\r\n.")
    assert len(stage.letters[0][0].recipients) == 1000


def test_s18_the_dialogue_stays_bounded() -> None:
    stage = Stage(config(limits=Limits(recipients=2))).ready()
    stage.say("MAIL FROM:<x@a.test>")
    stage.hear(b"RCPT TO:<u@l.test>\r\n" * 20_000)
    assert len(stage.machine.take_dialogue()) < 9000


def test_s19_unknown_recipients_are_errors() -> None:
    stage = Stage().ready()
    stage.answers[Rcpt] = NO_USER
    stage.say("MAIL FROM:<x@a.test>")
    heard = stage.say(*["RCPT TO:<nobody@l.test>"] * 50)
    assert codes(heard) == ["550 5.1.1"] * 20 + ["421 4.7.0"]
    assert stage.machine.closing


@pytest.mark.parametrize(
    ("size", "status"),
    [
        ("999999999999", "552 5.3.4"),
        ("1_0", "501 5.5.4"),
        ("+5", "501 5.5.4"),
        ("-1", "501 5.5.4"),
        ("１２", "501 5.5.4"),
        ("", "501 5.5.4"),
        ("1" * 21, "501 5.5.4"),
        ("9" * 20, "552 5.3.4"),
    ],
)
def test_s20_sizes_are_digits_and_bounded(size: str, status: str) -> None:
    assert codes(Stage().ready().say(f"MAIL FROM:<x@a.test> SIZE={size}")) == [status]


def test_s22_every_end_of_a_message_ends_the_transaction() -> None:
    for verdict in (
        Reply.of(550, "5.7.1", "No"),
        Reply.of(451, "4.3.0", "Later"),
        Reply.of(250, "2.0.0", "Ok"),
    ):
        stage = Stage().ready().transaction()
        stage.answers[BodyEnd] = verdict
        first = stage.machine.transaction
        stage.say("DATA", "x\r\n.")
        assert stage.machine.transaction is None
        assert codes(stage.say("RCPT TO:<u@l.test>", "DATA")) == ["503 5.5.1"] * 2
        stage.transaction()
        assert stage.machine.transaction is not first


def test_s23_data_after_bdat_and_mail_while_chunking() -> None:
    stage = Stage().ready().transaction()
    assert codes(stage.say("BDAT 7\r\nhello")) == ["250 2.0.0"]
    assert codes(stage.say("DATA", "MAIL FROM:<y@a.test>", "RCPT TO:<v@l.test>")) == ["503 5.5.1"] * 3
    assert codes(stage.say("BDAT 0 LAST")) == ["250 2.0.0"]
    assert stage.letters[0][1] == b"hello\r\n"
    assert codes(stage.say("BDAT 6 LAST\r\nQUIT")) == ["503 5.5.1"]


@pytest.mark.parametrize("argument", ["x", "1_0", "-1", "+3", "", "3 FIRST", "3 LAST LAST", "１２"])
def test_s23_s24_a_size_that_is_none_ends_the_connection(argument: str) -> None:
    stage = Stage().ready().transaction()
    assert codes(stage.say(f"BDAT {argument}", "DATA")) == ["501 5.5.4"]
    assert stage.machine.closing


def test_s24_empty_chunks_without_end() -> None:
    stage = Stage().ready().transaction()
    heard = stage.hear(b"BDAT 0\r\n" * 1000)
    assert heard.endswith("421 4.7.0 Too many commands without a message, goodbye\r\n")
    assert heard.count("\r\n") == 100


def test_s24_the_dialogue_of_small_chunks_stays_bounded() -> None:
    stage = Stage().ready().transaction()
    stage.hear(b"BDAT 1\r\nx" * 20_000)
    assert len(stage.machine.take_dialogue()) < 9000


def test_s24_a_chunk_beyond_all_limits() -> None:
    stage = Stage().ready().transaction()
    assert codes(stage.say("BDAT 99999999999 LAST")) == ["552 5.3.4"]
    assert stage.machine.closing


def test_s24_chunks_over_the_limit_are_swallowed() -> None:
    stage = Stage(config(limits=Limits(message=10))).ready().transaction()
    assert codes(stage.say("BDAT 8\r\nAAAAAA", "BDAT 8\r\nQUIT\r\n")) == ["250 2.0.0", "552 5.3.4"]
    assert codes(stage.say("BDAT 6 LAST\r\nQUIT", "MAIL FROM:<>", "RSET")) == [
        "503 5.5.1",
        "503 5.5.1",
        "250 2.0.0",
    ]
    assert stage.letters == []


@pytest.mark.parametrize("end", [b"\n.\n", b"a\rb", b"\0", b"\r"])
def test_s01_chunks_have_crlf_only_unless_binary(end: bytes) -> None:
    stage = Stage().ready().transaction()
    assert stage.hear(b"BDAT %d LAST\r\n" % len(end) + end).startswith("550 5.5.2 ")
    stage.say("MAIL FROM:<x@a.test> BODY=BINARYMIME", "RCPT TO:<u@l.test>")
    assert stage.hear(b"BDAT %d LAST\r\n" % len(end) + end).startswith("250 2.0.0 ")
    assert stage.letters[0][1] == end


def test_s01_a_crlf_may_be_cut_by_chunks() -> None:
    stage = Stage().ready().transaction()
    assert (
        stage.hear(b"BDAT 2\r\na\rBDAT 2 LAST\r\n\nb")
        == "250 2.0.0 2 octets received\r\n250 2.0.0 Ok: queued as J1\r\n"
    )


def test_s25_no_password_in_the_clear() -> None:
    stage = Stage(config(Service.SUBMISSION, auth=True, tls=True))
    assert not [line for line in stage.say("EHLO a.test") if "AUTH" in line]
    assert codes(stage.say("AUTH PLAIN AHUAcA==")) == ["538 5.7.11"[:9]]
    assert not stage.machine.authenticated


def test_s26_what_can_be_wrong_with_auth() -> None:
    stage = Stage(config(Service.SUBMISSION, auth=True)).ready()
    assert codes(stage.say("AUTH PLAIN not base64!", "AUTH PLAIN A===", "AUTH PLAIN", "not*base64")) == [
        "501 5.5.4", "501 5.5.2", "334", "501 5.5.2",
    ]  # fmt: skip
    assert codes(stage.say("AUTH PLAIN", "*")) == ["334", "501 5.7.0"]
    assert codes(stage.say("AUTH PLAIN", "A" * 12_289)) == ["334", "500 5.5.6"]
    assert codes(stage.say("AUTH PLAIN " + "A" * 12_289, "NOOP")) == ["500 5.5.6", "250 2.0.0"]
    assert codes(stage.say("MAIL FROM:<x@a.test>", "AUTH PLAIN AHUAcA==", "RSET")) == [
        "250 2.0.0",
        "503 5.5.1",
        "250 2.0.0",
    ]
    assert codes(stage.say("AUTH PLAIN AHUAcA==", "AUTH PLAIN AHUAcA==")) == ["235 2.7.0", "503 5.5.1"]


def test_s26_something_behind_auth_is_out_of_step() -> None:
    stage = Stage(config(Service.SUBMISSION, auth=True)).ready()
    assert stage.hear(b"AUTH PLAIN\r\nAHUAcA==\r\n").startswith("554 5.5.0 ")
    stage = Stage(config(Service.SUBMISSION, auth=True)).ready()
    assert (
        stage.hear(b"AUTH PLAIN AHUAcA==\r\nNOOP\r\n") == "235 2.7.0 Welcome\r\n250 2.0.0 Ok\r\n"
    )  # RFC 4954 §4


def test_s27_the_third_wrong_password_ends_the_connection() -> None:
    stage = Stage(config(Service.SUBMISSION, auth=True)).ready()
    heard = stage.say(*["AUTH PLAIN AHUAeA=="] * 4)
    assert codes(heard) == ["535 5.7.8"] * 3 + ["421 4.7.0"]
    assert stage.machine.closing


@pytest.mark.parametrize("message", ["AAA=", "AP/+AHA=", "dQBwAA=="])
def test_s29_malformed_credentials_are_wrong_credentials(message: str) -> None:
    stage = Stage(config(Service.SUBMISSION, auth=True)).ready()
    assert codes(stage.say(f"AUTH PLAIN {message}")) == ["535 5.7.8"]
    assert not [event for event in stage.events if isinstance(event, Authenticate)]


def test_s29_another_identity_is_for_the_session_to_judge() -> None:
    stage = Stage(config(Service.SUBMISSION, auth=True)).ready()
    stage.say("AUTH PLAIN Ym9zcwB1AHDDqQ==")
    event = next(event for event in stage.events if isinstance(event, Authenticate))
    assert (event.credentials.authzid, event.credentials.authcid, event.credentials.password) == (
        "boss",
        "u",
        "pé",
    )


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("<x@r.test>", "x@r.test"),
        ("<x%r.test@l.test>", "x%r.test@l.test"),
        ("<@l.test:x@r.test>", "x@r.test"),
        ("<@l.test,@m.test:x@r.test>", "x@r.test"),
        ("<r.test!x@l.test>", "r.test!x@l.test"),
        ('<"x@r.test"@l.test>', '"x@r.test"@l.test'),
        ("<x@[127.0.0.1]>", "x@[127.0.0.1]"),
        ("<postmaster>", "postmaster"),
        ("<PostMaster>", "PostMaster"),
        ('<"x@r.test">', "501 5.1.3"),
        ("<x@r.test@l.test>", "501 5.1.3"),
        ("<@l.test:>", "501 5.1.3"),
        ("<@l.test>", "501 5.1.3"),
        ("<@:x@r.test>", "501 5.1.3"),
        ("<u>", "501 5.1.3"),
        ("<u@l.test> x", "555 5.5.4"),
        ("<u@l.test>x", "501 5.5.4"),
        ("<u@l.test", "501 5.5.4"),
        ("<a..b@l.test>", "501 5.1.3"),
        ('<"\\""@l.test>', '"\\""@l.test'),
        ('<">"@l.test>', '">"@l.test'),
        (f"<{'a' * 65}@l.test>", "501 5.1.3"),
        (f"<u@{'a.' * 127}test>", "501 5.1.3"),
        ("<u@l_.test>", "u@l_.test"),
        ("<|id@l.test>", "|id@l.test"),
        ("<u+$(id)@l.test>", "501 5.1.3"),
    ],
)
def test_s31_s32_s33_addresses_are_data(path: str, result: str) -> None:
    stage = Stage().ready()
    stage.say("MAIL FROM:<>")
    heard = stage.say(f"RCPT TO:{path}")
    seen = [str(event.recipient.address) for event in stage.events if isinstance(event, Rcpt)]
    assert result == seen[0] if seen else codes(heard) == [result]


@pytest.mark.parametrize("path", ["<;sleep 66;>", "<a b@l.test>", "<@x>", "< >x", "a@b@c"])
def test_s33_a_sender_that_is_no_address(path: str) -> None:
    assert codes(Stage().ready().say(f"MAIL FROM:{path}"))[0] in {"501 5.1.7", "501 5.5.4"}


@pytest.mark.parametrize(
    ("verb", "parameter"),
    [
        ("MAIL", "ENVID=x+0D+0ABcc:y"),
        ("MAIL", "ENVID=x+0d"),
        ("MAIL", "ENVID=" + "x" * 101),
        ("MAIL", "AUTH=a+0Ab"),
        ("MAIL", "AUTH=nobody@@x"),
        ("MAIL", "RET=ALL"),
        ("RCPT", "ORCPT=rfc822;x+0D+0Ay"),
        ("RCPT", "ORCPT=rfc822"),
        ("RCPT", "ORCPT=utf-8;\\x{0A"),
        ("RCPT", "ORCPT=" + "rfc822;" + "x" * 500),
        ("RCPT", "NOTIFY=SUCCESS,SUCCESS"),
        ("RCPT", "NOTIFY="),
    ],
)
def test_s34_no_line_break_hides_in_a_parameter(verb: str, parameter: str) -> None:
    stage = Stage(config(Service.SUBMISSION, auth=True)).ready()
    if verb == "MAIL":
        assert codes(stage.say(f"MAIL FROM:<x@a.test> {parameter}")) == ["501 5.5.4"]
    else:
        stage.say("MAIL FROM:<x@a.test>")
        assert codes(stage.say(f"RCPT TO:<u@l.test> {parameter}")) == ["501 5.5.4"]


def test_s35_beyond_ascii_without_the_parameter() -> None:
    stage = Stage().ready()
    stage.say("MAIL FROM:<x@a.test>")
    assert codes(stage.say("RCPT TO:<ü@l.test>")) == ["553 5.6.7"]
    assert stage.hear(b"RCPT TO:<\xc3(@l.test>\r\n").startswith("500 5.5.2 ")
    assert codes(stage.say("VRFY ü", "DATA", "RCPT TO:<u@l.test>", "DATA")) == [
        "553 5.6.7", "554 5.5.1", "250 2.0.0", "354 Go on",
    ]  # fmt: skip


def test_s36_vrfy_expn_and_postmaster() -> None:
    stage = Stage().ready()
    assert codes(stage.say("VRFY u", "EXPN list")) == ["252 2.0.0"] * 2
    stage.say("MAIL FROM:<>")
    assert codes(stage.say("RCPT TO:<Postmaster>")) == ["250 2.0.0"]
