"""The client machine against scripted servers, and against ours."""

import pytest

from postroom.message.address import Address
from postroom.message.envelope import BodyKind, Envelope, Recipient
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import (
    Account,
    BeginTls,
    ClientConfig,
    ClientEvent,
    Finished,
    Ready,
    Stage,
    TlsUse,
    Unusable,
)
from postroom.proto.smtp.client_parameters import Letter
from postroom.proto.smtp.config import Limits, Service
from postroom.proto.smtp.reply import Reply
from smtp_stage import NO_USER, config
from smtp_stage import Stage as Server

TEXT = b"Subject: x\r\n\r\n.hello\r\n"


def letter(*recipients: str, content: bytes = TEXT) -> Letter:
    to = [Recipient(Address(*one.split("@"))) for one in recipients or ("u@l.test",)]
    return Letter(Envelope(Address("x", "a.test"), to), content)


def client(**settings: object) -> SmtpClient:
    return SmtpClient(ClientConfig("a.test", lambda: 0, **{"tls": TlsUse.NEVER, **settings}))  # type: ignore[arg-type]


def events(machine: SmtpClient, *data: bytes) -> list[ClientEvent]:
    got = []
    for piece in data:
        machine.receive(piece)
        while (event := machine.next_event()) is not None:
            got.append(event)
    return got


def opened(*keywords: bytes, **settings: object) -> SmtpClient:
    machine = client(**settings)
    ehlo = b"".join(b"250-%s\r\n" % word for word in (b"hello", *keywords[:-1])) if keywords else b""
    got = events(machine, b"220 hi\r\n", ehlo + b"250 %s\r\n" % (keywords[-1] if keywords else b"hello"))
    assert isinstance(got[-1], Ready)
    machine.data_to_send()
    machine.take_dialogue()
    return machine


def drain(machine: SmtpClient) -> bytes:
    sent = b""
    while data := machine.data_to_send():
        sent += data
    return sent


def results(event: ClientEvent) -> list[tuple[int, str]]:
    assert isinstance(event, Finished)
    return [(result.reply.code, result.stage.value) for result in event.results]


# Opening


def test_one_step_after_the_other() -> None:
    machine = client()
    assert machine.deadline == 300.0
    assert events(machine, b"220 hi\r\n") == []
    assert machine.data_to_send() == b"EHLO a.test\r\n"
    (ready,) = events(machine, b"250-hello\r\n250-size 1000\r\n250 AUTH=PLAIN LOGIN\r\n")
    assert isinstance(ready, Ready)
    assert (ready.capabilities.size, ready.capabilities.mechanisms) == (1000, ("PLAIN", "LOGIN"))
    machine.quit()
    assert machine.data_to_send() == b"QUIT\r\n"
    assert events(machine, b"221 bye\r\n") == [Unusable(Reply.of(221, "", "bye"), Stage.QUIT)]
    assert machine.closing


def test_an_old_server_is_greeted_with_helo() -> None:
    machine = client()
    events(machine, b"220 hi\r\n", b"502 what?\r\n")
    assert machine.data_to_send() == b"EHLO a.test\r\nHELO a.test\r\n"
    assert isinstance(events(machine, b"250 hello\r\n")[0], Ready)


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ([b"554 no\r\n"], Stage.GREETING),
        ([b"421 busy\r\n"], Stage.GREETING),
        ([b"220 hi\r\n", b"451 later\r\n"], Stage.EHLO),
        ([b"220 hi\r\n", b"500 what\r\n", b"550 you\r\n"], Stage.HELO),
        ([b"220 hi\r\n", b"250 hello\r\n", b"421 too long\r\n"], Stage.IDLE),
    ],
)
def test_a_session_that_does_not_come_about(said: list[bytes], stage: Stage) -> None:
    machine = client()
    last = events(machine, *said)[-1]
    assert isinstance(last, Unusable)
    assert (last.stage, last.said, machine.closing) == (stage, True, True)


@pytest.mark.parametrize(
    ("said", "settings", "quits"),
    [
        ([b"554 no\r\n"], {}, True),
        ([b"220 hi\r\n", b"550 you\r\n"], {}, True),
        ([b"220 hi\r\n", b"250 hello\r\n"], {"tls": TlsUse.REQUIRED}, True),  # which it does not offer
        ([b"220 hi\r\n", b"250-hello\r\n250 STARTTLS\r\n", b"454 no\r\n"], {"tls": TlsUse.REQUIRED}, True),
        ([b"220 hi\r\n", b"250 hello\r\n"], {"account": Account("u", "p")}, True),
        ([b"421 busy\r\n"], {}, False),  # the server closes
        ([b"220 hi\r\n", b"2x0 hello\r\n"], {}, False),  # nobody knows what it waits for
    ],
)
def test_whoever_waits_for_a_command_hears_quit(
    said: list[bytes], settings: dict[str, object], quits: bool
) -> None:
    """RFC 5321 §4.1.1.10: no connection is closed on purpose before QUIT was said."""
    machine = client(**settings)
    for piece in said:
        drain(machine)
        last = events(machine, piece)[-1:]
    assert isinstance(last[0], Unusable)
    assert drain(machine) == (b"QUIT\r\n" if quits else b"")
    assert (machine.take_dialogue()[-1] == b">QUIT") is quits


def test_starttls_when_offered_and_what_followed_it_is_forgotten() -> None:
    machine = client(tls=TlsUse.IF_OFFERED)
    events(machine, b"220 hi\r\n", b"250-hello\r\n250 STARTTLS\r\n")
    assert machine.data_to_send().endswith(b"STARTTLS\r\n")
    assert events(machine, b"220 ok\r\n250-evil\r\n250 SIZE 1\r\n") == [BeginTls()]  # S08
    machine.tls_started()
    assert machine.data_to_send() == b"EHLO a.test\r\n"
    (ready,) = events(machine, b"250-hello\r\n250 STARTTLS\r\n")
    assert isinstance(ready, Ready)
    assert ready.capabilities.size == 0
    assert b"~TLS" in machine.take_dialogue()


@pytest.mark.parametrize(
    ("use", "said", "fine"),
    [
        (TlsUse.IF_OFFERED, [b"250 hello\r\n"], True),
        (TlsUse.IF_OFFERED, [b"250-hello\r\n250 STARTTLS\r\n", b"454 not now\r\n"], True),
        (TlsUse.REQUIRED, [b"250 hello\r\n"], False),
        (TlsUse.REQUIRED, [b"250-hello\r\n250 STARTTLS\r\n", b"454 not now\r\n"], False),
        (TlsUse.REQUIRED, [b"502 what\r\n", b"250 hello\r\n"], False),
    ],
)
def test_s08_never_in_the_clear_where_tls_is_required(use: TlsUse, said: list[bytes], fine: bool) -> None:
    machine = client(tls=use)
    last = events(machine, b"220 hi\r\n", *said)[-1]
    assert isinstance(last, Ready if fine else Unusable)
    if isinstance(last, Unusable):
        assert last.reply.code // 100 == 4


@pytest.mark.parametrize(
    ("offered", "said", "answered"),
    [
        (b"AUTH LOGIN PLAIN", [], b"AUTH PLAIN AHUAcA==\r\n"),
        (
            b"AUTH LOGIN",
            [b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"],
            b"AUTH LOGIN\r\ndQ==\r\ncA==\r\n",
        ),
    ],
)
def test_logging_in(offered: bytes, said: list[bytes], answered: bytes) -> None:
    machine = client(account=Account("u", "p"), plaintext_auth=True)
    events(machine, b"220 hi\r\n", b"250-hello\r\n250 " + offered + b"\r\n", *said)
    assert machine.data_to_send() == b"EHLO a.test\r\n" + answered
    assert isinstance(events(machine, b"235 welcome\r\n")[0], Ready)
    text = b" ".join(machine.take_dialogue())
    assert b"AHUAcA==" not in text
    assert b"cA==" not in text


@pytest.mark.parametrize(
    ("plaintext", "said", "stage_said"),
    [
        (False, [], False),
        (True, [b"535 5.7.8 no\r\n"], True),
        (True, [b"334 \xff\r\n", b"501 cancelled\r\n"], True),
    ],
)
def test_a_login_that_fails(plaintext: bool, said: list[bytes], stage_said: bool) -> None:
    machine = client(account=Account("u", "p"), plaintext_auth=plaintext)
    last = events(machine, b"220 hi\r\n", b"250-hello\r\n250 AUTH PLAIN\r\n", *said)[-1]
    assert isinstance(last, Unusable)
    assert (last.stage, last.said) == (Stage.AUTH, stage_said)


# Letters


def test_lockstep() -> None:
    machine = opened()
    machine.send(letter("u@l.test", "v@l.test"))
    sent = [machine.data_to_send()]
    for said in (b"250 ok\r\n", b"250 ok\r\n", b"550 no\r\n", b"354 go\r\n"):
        assert events(machine, said) == []
        sent.append(machine.data_to_send())
    assert sent == [
        b"MAIL FROM:<x@a.test>\r\n", b"RCPT TO:<u@l.test>\r\n", b"RCPT TO:<v@l.test>\r\n", b"DATA\r\n",
        b"Subject: x\r\n\r\n..hello\r\n.\r\n",
    ]  # fmt: skip
    (finished,) = events(machine, b"250 2.0.0 done\r\n")
    assert results(finished) == [(250, "end of data"), (550, "RCPT TO")]


def test_pipelined_in_two_groups() -> None:
    machine = opened(b"PIPELINING")
    machine.send(letter("u@l.test", "v@l.test"))
    assert machine.data_to_send() == (
        b"MAIL FROM:<x@a.test>\r\nRCPT TO:<u@l.test>\r\nRCPT TO:<v@l.test>\r\nDATA\r\n"
    )
    events(machine, b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    assert drain(machine) == b"Subject: x\r\n\r\n..hello\r\n.\r\n"
    assert machine.deadline == 600.0
    (finished,) = events(machine, b"250 ok\r\n")
    assert results(finished) == [(250, "end of data")] * 2


def test_codes_that_no_rfc_has_mean_what_their_first_digit_says() -> None:
    """RFC 5321 §4.2."""
    machine = client()
    assert isinstance(events(machine, b"229 hi\r\n", b"259 hello\r\n")[-1], Ready)
    machine.data_to_send()
    machine.send(letter())
    events(machine, b"259 ok\r\n", b"259 ok\r\n", b"350 go\r\n")
    assert drain(machine).endswith(b"Subject: x\r\n\r\n..hello\r\n.\r\n")
    assert results(events(machine, b"259 done\r\n")[0]) == [(259, "end of data")]


def test_chunked_in_one_group() -> None:
    machine = opened(b"PIPELINING", b"CHUNKING", b"SIZE")
    machine.send(letter())
    assert drain(machine) == (
        b"MAIL FROM:<x@a.test> SIZE=22\r\nRCPT TO:<u@l.test>\r\nBDAT 22 LAST\r\n" + TEXT
    )
    (finished,) = events(machine, b"250 ok\r\n250 ok\r\n250 ok\r\n")
    assert results(finished) == [(250, "end of data")]
    assert b">BDAT 22 LAST" in machine.take_dialogue()


@pytest.mark.parametrize(
    ("keywords", "said", "sent_more", "expected", "reset"),
    [
        ([b"PIPELINING"], b"550 no\r\n503 no\r\n503 no\r\n", b"", (550, "MAIL FROM"), False),
        ([b"PIPELINING"], b"250 ok\r\n550 no\r\n554 no\r\n", b"", (550, "RCPT TO"), True),
        ([b"PIPELINING"], b"250 ok\r\n550 no\r\n354 go\r\n554 no\r\n", b".\r\n", (550, "RCPT TO"), False),
        ([b"PIPELINING"], b"250 ok\r\n250 ok\r\n451 no\r\n", b"", (451, "DATA"), True),
        ([b"PIPELINING"], b"250 ok\r\n250 ok\r\n354 go\r\n552 no\r\n", None, (552, "end of data"), False),
        ([b"PIPELINING", b"CHUNKING"], b"250 ok\r\n550 no\r\n503 no\r\n", b"", (550, "RCPT TO"), True),
        ([b"PIPELINING", b"CHUNKING"], b"250 ok\r\n250 ok\r\n554 no\r\n", b"", (554, "end of data"), True),
        ([b"SIZE"], b"550 no\r\n", b"", (550, "MAIL FROM"), False),
        ([b"CHUNKING"], b"250 ok\r\n550 no\r\n", None, (550, "RCPT TO"), True),
    ],
)
def test_refusals(
    keywords: list[bytes], said: bytes, sent_more: bytes | None, expected: tuple[int, str], reset: bool
) -> None:
    machine = opened(*keywords)
    machine.send(letter())
    drain(machine)
    (finished,) = events(machine, said)
    if sent_more is not None:
        assert drain(machine) == sent_more
    drain(machine)
    assert results(finished) == [expected]
    machine.send(letter())
    assert machine.data_to_send().startswith(b"RSET\r\n") == reset


def test_a_large_message_waits_for_its_recipients() -> None:
    machine = opened(b"PIPELINING", b"CHUNKING")
    machine.send(letter(content=b"x" * 998 + b"\r\n" * 200_000))
    assert b"BDAT" not in machine.data_to_send()
    events(machine, b"250 ok\r\n250 ok\r\n")
    assert drain(machine).startswith(b"BDAT 400998 LAST\r\n")


def test_a_message_in_pieces_is_stuffed_and_made_canonical() -> None:
    machine = opened(b"PIPELINING", b"CHUNKING")
    parcel = letter()
    parcel.content = iter([b"one\r", b"\n.two\n", b".three"])
    machine.send(parcel)
    machine.data_to_send()
    events(machine, b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert machine.deadline == 180.0
    assert drain(machine) == b"one\r\n..two\r\n..three\r\n.\r\n"
    assert machine.deadline == 600.0
    assert results(events(machine, b"250 ok\r\n")[0]) == [(250, "end of data")]


@pytest.mark.parametrize(
    ("said", "result"),
    [(b"552 5.3.4 too big\r\n", (552, "end of data", True)), (b"250 ok\r\n", (451, "end of data", False))],
)
def test_a_reply_before_the_end_of_the_message_ends_the_session(
    said: bytes, result: tuple[int, str, bool]
) -> None:
    """Whatever were said next would be text of that message, for a server that goes on reading it."""
    machine = opened()
    parcel = letter()
    parcel.content = iter([b"one\r\n", b"two\r\n"])
    machine.send(parcel)
    events(machine, b"250 ok\r\n250 ok\r\n354 go\r\n")
    machine.data_to_send()  # the commands
    assert machine.data_to_send() == b"one\r\n"
    finished = events(machine, said)[0]
    assert isinstance(finished, Finished)
    [only] = finished.results
    assert (only.reply.code, only.stage.value, only.said) == result
    assert not finished.usable
    assert machine.closing
    assert drain(machine) == b""


def test_a_reply_may_come_as_soon_as_the_end_has_gone_out() -> None:
    machine = opened()
    parcel = letter()
    parcel.content = iter([b"one\r\n"])
    machine.send(parcel)
    events(machine, b"250 ok\r\n250 ok\r\n354 go\r\n")
    machine.data_to_send()  # the commands
    assert [machine.data_to_send(), machine.data_to_send()] == [b"one\r\n", b".\r\n"]
    assert results(events(machine, b"250 ok\r\n")[0]) == [(250, "end of data")]


def test_a_binary_message_in_pieces_goes_chunk_by_chunk() -> None:
    machine = opened(b"PIPELINING", b"CHUNKING", b"BINARYMIME")
    parcel = letter()
    parcel.content, parcel.envelope.body = iter([b"a\0", b"b\n"]), BodyKind.BINARY
    machine.send(parcel)
    assert machine.data_to_send() == b"MAIL FROM:<x@a.test> BODY=BINARYMIME\r\nRCPT TO:<u@l.test>\r\n"
    sent = []
    for said in (b"250 ok\r\n250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n"):
        events(machine, said)
        sent.append(machine.data_to_send())
    assert sent == [b"BDAT 2\r\na\0", b"BDAT 2\r\nb\n", b"BDAT 0 LAST\r\n"]
    assert results(events(machine, b"250 ok\r\n")[0]) == [(250, "end of data")]


@pytest.mark.parametrize("chunked", [False, True])
def test_s03_whatever_was_stored_goes_out_with_crlf_only(chunked: bool) -> None:
    machine = opened(b"PIPELINING", *([b"CHUNKING"] if chunked else []))
    for end in (
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\n.\r",
        b"\r.\n",
        b"\r\n.\r\r\n",
        b"\r\r\n.\r\r\n",
    ):
        machine.send(letter(content=b"first" + end + b"MAIL FROM:<x@a.test>\r\n"))
        sent = machine.data_to_send()
        events(machine, b"250 ok\r\n250 ok\r\n" + (b"" if chunked else b"354 go\r\n"))
        sent += drain(machine)
        content = sent.partition(b" LAST\r\n" if chunked else b"DATA\r\n")[2]
        assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
        if not chunked:
            assert content.count(b"\r\n.\r\n") == 1
        assert isinstance(events(machine, b"250 ok\r\n")[0], Finished)


def test_lmtp_each_recipient_has_its_own_end() -> None:
    machine = opened(b"PIPELINING", b"CHUNKING", lmtp=True)
    machine.send(letter("u@l.test", "v@l.test", "w@l.test"))
    assert b"BDAT" not in machine.data_to_send()
    events(machine, b"250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n")
    assert drain(machine).startswith(b"BDAT 22 LAST\r\n")
    assert events(machine, b"250 one\r\n") == []
    (finished,) = events(machine, b"452 full\r\n")
    assert results(finished) == [(250, "end of data"), (550, "RCPT TO"), (452, "end of data")]


# When things go wrong


def test_lmtp_a_connection_lost_between_two_verdicts() -> None:
    machine = opened(b"PIPELINING", lmtp=True)
    machine.send(letter("u@l.test", "v@l.test"))
    events(machine, b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 one\r\n")
    machine.lost("reset by peer")
    finished, unusable = events(machine, b"")
    assert results(finished) == [(250, "end of data"), (451, "end of data")]
    assert isinstance(finished, Finished)
    assert not finished.usable
    assert not finished.results[1].said
    assert isinstance(unusable, Unusable)
    assert machine.closing


def test_d04_421_at_each_stage() -> None:
    replies = [b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 ok\r\n"]
    for at in range(4):
        machine = opened()
        machine.send(letter())
        finished, unusable = events(machine, *replies[:at], b"421 4.3.2 stopping\r\n")
        assert [code for code, _ in results(finished)] == [421]
        assert isinstance(unusable, Unusable)


@pytest.mark.parametrize(
    "nonsense",
    [b"hello\r\n", b"999 x\r\n", b"250\xff\r\n", b"250 ok\n", b"25 ok\r\n", b"354 go\r\n", b"25\xb2 x\r\n"],
)
def test_nonsense_ends_the_session_and_is_to_be_tried_again(nonsense: bytes) -> None:
    machine = opened()
    machine.send(letter())
    finished, unusable = events(machine, nonsense)
    assert results(finished) == [(451, "MAIL FROM")]
    assert isinstance(unusable, Unusable)
    assert not unusable.said


def test_an_unusable_machine_says_no_more() -> None:
    machine = opened()
    machine.send(letter())
    machine.lost("timeout")
    events(machine, b"")
    assert machine.data_to_send() == b""
    assert events(machine, b"250 ok\r\n" * 5) == []
    machine.quit()
    assert machine.data_to_send() == b""
    with pytest.raises(RuntimeError):
        machine.send(letter())


def test_a_server_that_limits_messages() -> None:
    machine = opened(b"PIPELINING", b"CHUNKING", b"LIMITS MAILMAX=2 RCPTMAX=100 X")
    assert machine.capabilities.recipients == 100
    usable = []
    for _ in range(2):
        machine.send(letter())
        (finished,) = events(machine, b"250 ok\r\n" * 3)
        assert isinstance(finished, Finished)
        usable.append(finished.usable)
    assert usable == [True, False]


# Both of ours


@pytest.mark.parametrize("service", [Service.MX, Service.LMTP])
@pytest.mark.parametrize(
    "withheld", [frozenset(), frozenset({"CHUNKING", "BINARYMIME"}), frozenset({"PIPELINING", "CHUNKING"})]
)
def test_our_client_and_our_server(service: Service, withheld: frozenset[str]) -> None:
    settings = config(service, limits=Limits(spill=64))
    server = Server(
        type(settings)("l.test", settings.now, service=service, limits=settings.limits, withheld=withheld),
        greet=False,
    )
    server.refused["v"] = NO_USER
    server.machine.greet()
    machine = client(lmtp=service is Service.LMTP)
    contents = [TEXT * 100, b"", b".\r\n", "ü\r\n".encode(), b"no end"]
    waiting = list(contents)
    finished: list[Finished] = []
    to_client = server.machine.data_to_send()
    for _ in range(200):
        for event in events(machine, to_client):
            if isinstance(event, Finished):
                finished.append(event)
            if waiting:
                machine.send(letter("u@l.test", "v@l.test", "w@l.test", content=waiting.pop(0)))
            else:
                machine.quit()
        to_client = server.hear(drain(machine)).encode()
        if machine.closing:
            break
    assert [data.rstrip(b"\r\n") for _, data in server.letters] == [data.rstrip(b"\r\n") for data in contents]
    assert all([code for code, _ in results(event)] == [250, 550, 250] for event in finished)
    assert len(finished) == len(contents)
