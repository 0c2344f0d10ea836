"""Commands parse themselves; the short way and the long way agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address
from postroom.proto.smtp.commands import (
    VERBS,
    Auth,
    Bare,
    Bdat,
    Command,
    Data,
    Ehlo,
    Etrn,
    Expn,
    Mail,
    Rcpt,
    Saml,
    Turn,
    Vrfy,
    parse_usual,
)
from postroom.proto.smtp.config import Limits
from postroom.proto.smtp.extensions import Offers
from postroom.proto.smtp.syntax import BadCommand
from smtp_stage import config

OFFER = Offers(config(limits=Limits(message=1000))).at(tls=False, authenticated=False)


@pytest.mark.parametrize(
    ("kind", "argument", "command"),
    [
        (Bdat, "10", Bdat(10, last=False)),
        (Bdat, "0 last", Bdat(0, last=True)),
        (Ehlo, "[127.0.0.1] extra", Ehlo("[127.0.0.1]")),
        (Vrfy, " u ", Vrfy("u")),
        (Vrfy, "u smtputf8", Vrfy("u", utf8=True)),
        (Vrfy, "ü SMTPUTF8", Vrfy("ü", utf8=True)),
        (Expn, "SMTPUTF8 list", Expn("SMTPUTF8 list")),
        (Etrn, "Example.ORG", Etrn("example.org")),
        (Etrn, "@example.org", Etrn("example.org", "@")),
        (Etrn, "#uucp", Etrn("uucp", "#")),
        (Turn, "", Turn()),
        (Turn, "a.test,b.test", Turn(("a.test", "b.test"))),
        (Auth, "plain AA==", Auth("PLAIN", "AA==")),
        (Auth, "login", Auth("LOGIN", None)),
        (Data, "", Data()),
    ],
)
def test_arguments(kind: type[Command], argument: str, command: Command) -> None:
    assert kind.parse(argument, OFFER) == command


@pytest.mark.parametrize(
    ("kind", "argument", "code"),
    [
        (Ehlo, "", 501), (Ehlo, "ü.test", 501), (Vrfy, "", 501), (Vrfy, " SMTPUTF8", 501), (Vrfy, "ü", 553), (Etrn, "", 500),
        (Etrn, "nodots", 501), (Turn, "a.test,,b.test", 501), (Auth, "", 501), (Auth, "a b c", 501), (Data, "x", 501),
        (Bdat, "9999", 552), (Mail, "FROM:<a@b.test> BODY=BINARYMIME X", 555),
    ],
)  # fmt: skip
def test_arguments_refused(kind: type[Command], argument: str, code: int) -> None:
    with pytest.raises(BadCommand) as caught:
        kind.parse(argument, OFFER)
    assert caught.value.reply.code == code


def test_binarymime_needs_chunking() -> None:
    settings = config()
    offer = Offers(type(settings)("mx.l.test", lambda: 0, withheld=frozenset({"CHUNKING"}))).at(
        tls=False, authenticated=False
    )
    with pytest.raises(BadCommand):
        Mail.parse("FROM:<a@b.test> BODY=BINARYMIME", offer)


def test_how_a_message_is_to_be_shown() -> None:
    command = Saml.parse("FROM:<a@b.test>", OFFER)
    assert (command.verb, command.envelope.sender) == ("SAML", Address("a", "b.test"))


@pytest.mark.parametrize(("verb", "row"), VERBS.items())
def test_help_names_the_verb(verb: str, row: object) -> None:
    assert VERBS[verb].syntax.startswith(verb)
    assert issubclass(VERBS[verb].command, Command)


@pytest.mark.parametrize("kind", Bare.__subclasses__())
def test_bare_commands_know_their_verb(kind: type[Bare]) -> None:
    assert VERBS[kind.verb].command is kind


LOCAL = st.text(alphabet='ab.-+_"@é\\ ', max_size=70)
DOMAIN = st.text(alphabet="aB.-_1[]é", max_size=70)
TAIL = st.sampled_from(
    [
        "",
        " ",
        " SIZE=10",
        " SIZE=10 BODY=8BITMIME",
        " BODY=7BIT",
        " SIZE=1001",
        " SIZE=99999999999",
        " SIZE=1 SIZE=2",
        "x",
    ]
)


@given(st.sampled_from(["MAIL FROM:", "RCPT TO:", "MAIL FROM: ", "rcpt to:"]), LOCAL, DOMAIN, TAIL)
def test_the_short_way_is_the_long_way(start: str, local: str, domain: str, tail: str) -> None:
    line = f"{start}<{local}@{domain}>{tail}"
    short = parse_usual(line.encode(), OFFER)
    if short is None:
        return
    kind = VERBS[start[:4].upper()].command
    assert kind in {Mail, Rcpt}
    assert kind.parse(line[5:], OFFER) == short


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:<alice@crepes.test>",
        b"MAIL FROM:<a.b+c@X.test> SIZE=10 BODY=8BITMIME",
        b"RCPT TO:<bob@hamburger.test>",
        b"DATA",
    ],
)
def test_what_programs_say_takes_the_short_way(line: bytes) -> None:
    assert parse_usual(line, OFFER) is not None
