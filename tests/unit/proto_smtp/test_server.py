"""What a session does with the server machine: greetings, replies, bodies, dialogues."""

import pytest

from postroom.message.address import Address
from postroom.message.envelope import Recipient
from postroom.proto.smtp.commands import Data, Mail, Rcpt, StartTls, Turn, Vrfy
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.events import Authenticate, BodyEnd, BodyRefused, Closed, Greeted
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.server import SmtpServer
from smtp_stage import OK, Stage, config

LATER = Reply.of(451, "4.3.0", "Later")
NO = Reply.of(550, "5.7.1", "No")


def test_a_greeting_of_the_sessions_own() -> None:
    machine = SmtpServer(config())
    machine.greet(Reply.of(220, "", "here"))
    assert machine.data_to_send() == b"220 here\r\n"


def test_a_refusing_greeting_waits_for_quit() -> None:
    stage = Stage(greet=False)
    stage.machine.greet(Reply.of(554, "", "No mail here"))
    assert stage.machine.data_to_send() == b"554 No mail here\r\n"
    assert [line[:3] for line in stage.say("EHLO a.test", "NOOP", "QUIT")] == ["503", "503", "221"]
    assert stage.machine.closing


def test_a_busy_greeting_closes() -> None:
    machine = SmtpServer(config())
    machine.greet(Reply.of(421, "", "Busy"))
    assert (machine.data_to_send(), machine.closing) == (b"421 Busy\r\n", True)


def test_one_event_at_a_time_and_one_write_for_a_group() -> None:
    stage = Stage().ready()
    machine = stage.machine
    machine.receive(b"MAIL FROM:<x@a.test>\r\nRCPT TO:<u@l.test>\r\nRCPT TO:<v@l.test>\r\nDATA\r\n")
    kinds = []
    while (event := machine.next_event()) is not None:
        assert machine.next_event() is None
        kinds.append(type(event))
        stage.answer(event)
    assert kinds == [Mail, Rcpt, Rcpt, Data]
    assert machine.data_to_send().count(b"\r\n") == 4


def test_a_reply_without_an_event_is_a_fault_of_ours() -> None:
    stage = Stage().ready()
    with pytest.raises(RuntimeError):
        stage.machine.reply(OK)
    with pytest.raises(RuntimeError):
        stage.machine.reply_each([OK])
    with pytest.raises(RuntimeError):
        stage.machine.refuse_body(NO)


def test_the_session_may_put_another_recipient_in_its_place() -> None:
    stage = Stage().ready()
    stage.say("MAIL FROM:<x@a.test>")
    stage.machine.receive(b"RCPT TO:<postmaster>\r\n")
    event = stage.machine.next_event()
    assert isinstance(event, Rcpt)
    event.recipient = Recipient(Address("postmaster", "l.test"))
    stage.machine.reply(OK)
    assert stage.machine.transaction is not None
    assert stage.machine.transaction.recipients == [Recipient(Address("postmaster", "l.test"))]


def test_a_refused_data_ends_the_transaction() -> None:
    stage = Stage().ready().transaction()
    stage.answers[Data] = LATER
    assert stage.say("DATA", "RCPT TO:<u@l.test>")[1][:3] == "503"


def test_a_long_body_comes_in_pieces() -> None:
    stage = Stage(config(limits=Limits(spill=1000))).ready().transaction()
    stage.say("DATA")
    text = b"".join(b"%09d\r\n" % number for number in range(1000))
    stage.hear_each(text[start : start + 700] for start in range(0, len(text), 700))
    assert stage.machine.receiving
    stage.hear(b".\r\n")
    assert stage.letters[0][1] == text
    assert not stage.machine.receiving


@pytest.mark.parametrize("chunked", [False, True])
def test_the_session_refuses_a_body_that_is_arriving(chunked: bool) -> None:
    stage = Stage(config(limits=Limits(spill=100))).ready().transaction()
    stage.on_chunk = lambda _: stage.machine.refuse_body(LATER)
    line = b"x" * 78 + b"\r\n"
    if chunked:
        heard = stage.hear(b"BDAT 8000 LAST\r\n" + line * 100)
    else:
        stage.say("DATA")
        heard = stage.hear_each([line] * 100) + stage.hear(b".\r\n")
    assert heard == "451 4.3.0 Later\r\n"
    assert BodyRefused(LATER) in stage.events
    assert stage.say("NOOP") == ["250 2.0.0 Ok"]


def test_rset_drops_chunks_that_had_come() -> None:
    stage = Stage().ready().transaction()
    stage.hear(b"BDAT 3\r\nabc")
    stage.say("RSET")
    assert any(isinstance(event, BodyRefused) for event in stage.events)
    stage.transaction()
    stage.hear(b"BDAT 1 LAST\r\nd")
    assert stage.letters[0][1] == b"d"


def test_receiving_begins_with_354() -> None:
    stage = Stage().ready().transaction()
    assert not stage.machine.receiving
    stage.say("DATA")
    assert stage.machine.receiving


def test_a_last_word_for_silence() -> None:
    stage = Stage().ready()
    stage.machine.close_with(Reply.of(421, "4.4.2", "Silence"))
    assert stage.machine.data_to_send() == b"421 4.4.2 Silence\r\n"
    assert stage.machine.closing
    assert stage.hear(b"NOOP\r\n") == ""


def test_an_answer_that_comes_after_the_last_word_is_not_heard() -> None:
    stage = Stage().ready()
    stage.machine.receive(b"MAIL FROM:<x@a.test>\r\n")
    assert stage.machine.next_event() is not None
    stage.machine.close_with(Reply.of(421, "4.4.2", "Silence"))
    stage.machine.reply(OK)
    stage.machine.reply_each([OK])
    assert stage.machine.data_to_send() == b"421 4.4.2 Silence\r\n"


def test_a_421_of_the_sessions_closes() -> None:
    stage = Stage().ready()
    stage.answers[Mail] = Reply.of(421, "4.3.2", "Stopping")
    assert stage.say("MAIL FROM:<x@a.test>") == ["421 4.3.2 Stopping"]
    assert stage.machine.closing


def test_starttls_may_be_refused() -> None:
    stage = Stage(config(tls=True)).ready()
    stage.answers[StartTls] = Reply.of(454, "4.7.0", "Not now")
    assert stage.say("STARTTLS", "NOOP") == ["454 4.7.0 Not now", "250 2.0.0 Ok"]


def test_tls_from_the_beginning() -> None:
    machine = SmtpServer(config(Service.SUBMISSION, auth=True, tls=True))
    machine.tls_started()
    machine.greet()
    machine.receive(b"EHLO a.test\r\n")
    machine.next_event()
    said = machine.data_to_send()
    assert b"AUTH PLAIN LOGIN" in said
    assert b"STARTTLS" not in said


def test_auth_is_required_where_the_service_says_so() -> None:
    settings = ServerConfig(
        "mx.l.test", lambda: 0, mechanisms=("PLAIN",), plaintext_auth=True, auth_required=True
    )
    stage = Stage(settings).ready()
    assert stage.say("MAIL FROM:<x@a.test>") == ["530 5.7.0 Authentication required: AUTH first"]
    stage.say("AUTH PLAIN AHUAcA==")
    assert stage.say("MAIL FROM:<x@a.test>") == ["250 2.0.0 Ok"]


def test_tls_is_required_where_the_service_says_so() -> None:
    stage = Stage(ServerConfig("mx.l.test", lambda: 0, starttls=True, tls_required=True)).ready()
    heard = stage.say("MAIL FROM:<x@a.test>", "HELP", "NOOP", "STARTTLS")
    assert [line[:9] for line in heard] == ["530 5.7.0", "530 5.7.0", "250 2.0.0", "220 2.0.0"]
    stage.machine.tls_started()
    assert stage.ready().say("MAIL FROM:<x@a.test>") == ["250 2.0.0 Ok"]


def test_so_many_messages_over_one_connection() -> None:
    stage = Stage(config(limits=Limits(mails=2))).ready()
    for _ in range(2):
        stage.transaction().say("DATA", ".")
    assert "MAILMAX=2" in " ".join(stage.say("EHLO a.test"))
    assert stage.say("MAIL FROM:<x@a.test>")[0].startswith("421 4.7.0 ")


def test_the_connection_is_turned() -> None:
    settings = ServerConfig("mx.l.test", lambda: 0, mechanisms=("PLAIN",), plaintext_auth=True, turn=True)
    stage = Stage(settings).ready()
    stage.say("AUTH PLAIN AHUAcA==", "ATRN a.test,b.test")
    assert Turn(("a.test", "b.test")) in stage.events
    assert stage.machine.turned
    stage.hear(b"220 a.test ready\r\n")
    assert stage.machine.unread() == b"220 a.test ready\r\n"


def test_information_needs_no_reply() -> None:
    stage = Stage().ready()
    stage.say("QUIT")
    assert stage.events == [Greeted("a.test", True), Closed("QUIT")]


# Over LMTP


def lmtp(*recipients: str) -> Stage:
    return Stage(config(Service.LMTP)).ready().transaction(*recipients)


def test_lmtp_one_reply_for_each_recipient() -> None:
    stage = lmtp("u@l.test", "v@l.test")
    stage.say("DATA")
    stage.machine.receive(b"x\r\n.\r\n")
    assert isinstance(stage.machine.next_event(), BodyEnd)
    with pytest.raises(RuntimeError):
        stage.machine.reply_each([OK])
    stage.machine.reply_each([OK, LATER])
    assert stage.machine.data_to_send() == b"250 2.0.0 Ok\r\n451 4.3.0 Later\r\n"


@pytest.mark.parametrize("verdict", [OK, NO])
def test_lmtp_one_verdict_for_all(verdict: Reply) -> None:
    stage = lmtp("u@l.test", "v@l.test", "u@l.test")
    stage.answers[BodyEnd] = verdict
    assert stage.say("DATA", "x\r\n.")[1:] == [str(verdict)] * 3


def test_lmtp_a_malformed_message_is_refused_for_each() -> None:
    stage = lmtp("u@l.test", "v@l.test")
    stage.say("DATA")
    assert stage.hear(b"a\nb\r\n.\r\n").count("550 5.5.2 ") == 2


def test_lmtp_chunks() -> None:
    stage = lmtp("u@l.test", "v@l.test")
    assert stage.hear(b"BDAT 1\r\nxBDAT 1 LAST\r\ny").count("250 2.0.0 ") == 3
    assert stage.letters[0][1] == b"xy"


def test_lmtp_the_last_chunk_without_recipients_has_no_reply() -> None:
    stage = Stage(config(Service.LMTP)).ready()
    stage.say("MAIL FROM:<x@a.test>")
    assert stage.hear(b"BDAT 1 LAST\r\nxNOOP\r\n") == "250 2.0.0 Ok\r\n"


# The dialogue


def test_the_dialogue_of_the_first_message_has_the_greeting_and_its_verdict() -> None:
    stage = Stage(greet=False)
    stage.machine.greet()
    stage.say("HELO a.test")
    stage.transaction()
    stage.say("DATA")
    stage.machine.receive(b"Subject: x\r\n\r\n..\r\n.\r\n")
    stage.machine.next_event()
    lines = stage.machine.take_dialogue(OK)
    stage.machine.reply(OK)
    assert lines == [
        b">220 mx.l.test ESMTP Postroom",
        b"<HELO a.test",
        b">250 mx.l.test Hello a.test, pleased to meet you",
        b"<MAIL FROM:<x@a.test>",
        b">250 2.0.0 Ok",
        b"<RCPT TO:<u@l.test>",
        b">250 2.0.0 Ok",
        b"<DATA",
        b">354 Go on",
        b"<[17 octets of message]",
        b">250 2.0.0 Ok",
    ]
    assert stage.machine.take_dialogue() == []


def test_what_came_to_nothing_is_no_part_of_the_next_message() -> None:
    stage = Stage().ready()
    stage.machine.take_dialogue()
    stage.transaction("lost@l.test").say("RSET")
    stage.transaction("kept@l.test")
    lines = stage.machine.take_dialogue()
    assert lines[0] == b"<MAIL FROM:<x@a.test>"
    assert not [line for line in lines if b"lost" in line]


def test_the_lines_of_a_refused_message_can_be_taken() -> None:
    stage = Stage().ready().transaction()
    stage.machine.take_dialogue()
    stage.say("DATA")
    stage.hear(b"a\nb\r\n.\r\n")
    assert stage.machine.take_dialogue()[-1].startswith(b">550 5.5.2")


def test_passwords_are_masked_wherever_they_stand() -> None:
    secret = "AHUAcHdk"
    for tls in (False, True):
        stage = Stage(config(Service.SUBMISSION, auth=True, tls=tls)).ready()
        stage.say(
            f"AUTH PLAIN {secret}",
            secret,
            "AUTH PLAIN",
            secret,
            f"AUTH {secret}",
            secret,
            f"auth  plain {secret}",
        )
        text = b"\n".join(stage.machine.take_dialogue())
        assert secret.encode() not in text
        assert (b"<AUTH PLAIN [masked]" in text) != tls


def test_tls_is_noted() -> None:
    stage = Stage(config(tls=True)).ready()
    stage.say("STARTTLS")
    stage.machine.tls_started()
    assert stage.machine.take_dialogue()[-1] == b"~TLS"


def test_replies_in_utf8_to_those_who_can_read_them() -> None:
    stage = Stage().ready()
    stage.answers[Vrfy] = Reply.of(250, "2.1.5", "<jürgen@l.test>")
    assert stage.say("VRFY u SMTPUTF8", "VRFY u") == [
        "250 2.1.5 <jürgen@l.test>",
        "250 2.1.5 <j\\xfcrgen@l.test>",
    ]


def test_a_login_the_session_cannot_judge() -> None:
    stage = Stage(config(Service.SUBMISSION, auth=True)).ready()
    stage.answers[Authenticate] = Reply.of(454, "4.7.0", "Later")
    assert stage.say("AUTH PLAIN AHUAcA==")[0] == "454 4.7.0 Later"
