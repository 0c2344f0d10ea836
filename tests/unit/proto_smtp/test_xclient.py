"""XCLIENT: said by a proxy that is believed, and by others."""

import pytest

from postroom.proto.smtp import commands
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.syntax import BadCommand
from postroom.proto.smtp.xclient import ClientFacts, read_facts
from smtp_stage import Stage, config

GREETING = Reply(220, None, ("mx.l.test ESMTP Postroom",))


def proxied(*, auth: bool = False) -> Stage:
    stage = Stage(config(auth=auth), greet=False)
    stage.machine.believe()
    stage.machine.greet()
    stage.machine.data_to_send()
    stage.answers[commands.Xclient] = GREETING
    return stage


def test_facts() -> None:
    assert read_facts(
        "NAME=Mail.Crepes.test ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP HELO=crepes.test"
    ) == ClientFacts(name="mail.crepes.test", addr="192.0.2.7", port=4711, esmtp=True, helo="crepes.test")
    assert read_facts("addr=IPV6:2001:DB8::1 destaddr=198.51.100.1 destport=25") == ClientFacts(
        addr="2001:db8::1", destaddr="198.51.100.1", destport=25
    )
    assert read_facts("NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE]") == ClientFacts("", "", -1)
    assert read_facts("NAME=[TEMPUNAVAIL] PROTO=SMTP HELO=[1.2.3.4]") == ClientFacts(
        "", esmtp=False, helo="[1.2.3.4]"
    )
    assert read_facts("ADDR=::ffff:192.0.2.1").addr == "192.0.2.1"


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "ADDR",
        "ADDR=",
        "ADDR=192.0.2",
        "ADDR=fe80::1%eth0",
        "ADDR=192.0.2.7+0D+0A",
        "NAME=a+20b",
        "PORT=65536",
        "PORT=+1",
        "PORT=1_0",
        "PROTO=LMTP",
        "PROTO=[UNAVAILABLE]",
        "HELO=a+20b",
        "LOGIN=bob",
        "X=y",
        "=",
    ],
)
def test_bad_facts(argument: str) -> None:
    with pytest.raises(BadCommand):
        read_facts(argument)


def test_a_proxy_is_offered_it_and_begins_anew() -> None:
    stage = proxied()
    assert "250-XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT" in stage.say("EHLO proxy.test")
    assert stage.say("XCLIENT ADDR=192.0.2.7") == ["220 mx.l.test ESMTP Postroom"]
    assert stage.say("MAIL FROM:<x@a.test>")[0].startswith("503 5.5.1 Say EHLO")
    assert stage.say("EHLO a.test", "MAIL FROM:<x@a.test>")[-1].startswith("250 2.0.0")


def test_one_whose_helo_was_told_need_not_say_it() -> None:
    stage = proxied()
    said = stage.say(
        "EHLO proxy.test", "XCLIENT ADDR=192.0.2.7 HELO=a.test PROTO=ESMTP", "MAIL FROM:<x@a.test>"
    )
    assert said[-1].startswith("250 2.0.0")
    assert (stage.machine.hello, stage.machine.esmtp) == ("a.test", True)


def test_not_in_a_transaction_and_not_pipelined() -> None:
    stage = proxied()
    said = stage.say("EHLO proxy.test", "MAIL FROM:<x@a.test>", "XCLIENT ADDR=192.0.2.7")
    assert said[-1].startswith("503 5.5.1")
    assert stage.say("RSET", "XCLIENT ADDR=192.0.2.7")[-1].startswith("220")
    assert stage.hear(b"XCLIENT ADDR=192.0.2.8\r\nEHLO a.test\r\n").startswith("554 5.5.0")


def test_who_had_logged_in_has_not() -> None:
    stage = proxied(auth=True)
    stage.say("EHLO proxy.test", "AUTH PLAIN AHUAcA==")
    assert stage.machine.authenticated
    stage.say("XCLIENT ADDR=192.0.2.7")
    assert not stage.machine.authenticated


def test_a_bad_value_changes_nothing() -> None:
    stage = proxied()
    said = stage.say("EHLO proxy.test", "XCLIENT ADDR=nowhere", "MAIL FROM:<x@a.test>")
    assert said[-2] == "501 5.5.4 Bad value of the XCLIENT attribute ADDR"
    assert said[-1].startswith("250 2.0.0")


def test_from_elsewhere_it_ends_the_connection() -> None:
    """S41."""
    stage = Stage().ready()
    assert stage.say("XCLIENT ADDR=127.0.0.1") == ["500 5.5.1 Command not recognized, goodbye"]
    assert stage.machine.closing
