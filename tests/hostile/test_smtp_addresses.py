"""Who may be written to, and from whom: addresses that want to be more than addresses, at a whole server."""

import base64
from collections.abc import Callable

import pytest

from postroom.message.address import Address
from postroom.store.administration import aliases
from siege import PASSWORD, Besieged, FarServer

RELAYS = (
    ("<x@r.test>", "550 5.7.1"),
    ("<x%r.test@l.test>", "550 5.1.1"),
    ("<@l.test:x@r.test>", "550 5.7.1"),
    ("<@l.test,@other.test:x@r.test>", "550 5.7.1"),
    ("<r.test!x@l.test>", "550 5.1.1"),
    ('<"x@r.test"@l.test>', "550 5.1.1"),
    ('<"x@r.test">', "550 5.1.1"),  # a bare name, which loopback may use
    ("<x@r.test@l.test>", "501 5.1.3"),
    ("<x@[127.0.0.1]>", "550 5.7.1"),
    ("<x@[IPv6:::1]>", "550 5.7.1"),
    ("<x@localhost>", "550 5.7.1"),
    ("<x@L.TEST.>", "501 5.1.3"),
)


@pytest.mark.parametrize("sender", ["", "x@a.test", "admin@l.test", "postmaster"])
def test_s31_strangers_cannot_relay(house: Besieged, far: Callable[..., FarServer], sender: str) -> None:
    server = far()
    asked = len(house.names.asked)
    with house.greeted() as wire:
        assert wire.ask(f"MAIL FROM:<{sender}>").startswith("250")
        said = {path: wire.ask(f"RCPT TO:{path}") for path, _ in RELAYS}
        assert wire.ask("DATA").startswith("554 5.5.1")
    wrong = {path: said[path] for path, code in RELAYS if not said[path].startswith(code)}
    assert wrong == {}
    assert house.names.asked[asked:] == []
    assert server.connections == []


def test_s32_s33_odd_local_parts_are_refused_or_stored_as_data(house: Besieged) -> None:
    with house.greeted() as wire:
        assert wire.ask("MAIL FROM:<;sleep 66;>").startswith("501 5.1.7")
        wire.ask("MAIL FROM:<x@a.test>")
        for path in (
            '""@l.test', '"\\""@l.test', "a..b@l.test", "a" * 65 + "@l.test", "u@" + "d." * 127 + "dd",
            "|id@l.test", "u+$(id)@l.test", "`id`@l.test", "../../etc/passwd@l.test", "u@l.test\\",
            "' OR 1=1--@l.test", "%@l.test", "_@l.test", "*@l.test", "*)(uid=*@l.test",
        ):  # fmt: skip
            said = wire.ask(f"RCPT TO:<{path}>")
            assert said[:9] in ("550 5.1.1", "501 5.1.3", "501 5.5.4"), (path, said)
            assert wire.ask("RSET").startswith("250")
            wire.ask("MAIL FROM:<x@a.test>")


@pytest.mark.parametrize("parameter", ["ENVID=x+0D+0ABcc:y", "AUTH=a+0Ab", "RET=FULL ENVID=+00"])
def test_s34_no_line_break_in_a_senders_parameter(house: Besieged, parameter: str) -> None:
    u = house.person()
    with house.user(u) as wire:
        assert wire.ask(f"MAIL FROM:<{u}> {parameter}").startswith("501 5.5.4")


def test_s34_no_line_break_in_a_recipients_parameter(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.ask("MAIL FROM:<x@a.test>")
        assert wire.ask(f"RCPT TO:<{u}> ORCPT=rfc822;x+0D+0Ay").startswith("501 5.5.4")


def test_s35_beyond_ascii_without_the_word_for_it(house: Besieged) -> None:
    with house.greeted() as wire:
        wire.ask("MAIL FROM:<x@a.test>")
        assert wire.ask("RCPT TO:<ü@l.test>").startswith("553 5.6.7")
        wire.send(b"RCPT TO:<\xc3(@l.test>\r\n")
        assert wire.reply().startswith("500 5.5.2")
        assert wire.ask("VRFY ü").startswith("553 5.6.7")
        assert wire.ask("DATA").startswith("554 5.5.1")
        assert wire.ask("NOOP").startswith("250")


def test_s36_strangers_learn_nothing_from_vrfy_and_expn(house: Besieged) -> None:
    u = house.person()
    house.write(lambda tx: aliases.add_alias(tx, Address("all", "l.test"), [Address("x", "r.test")]))
    with house.greeted() as wire:
        answers = {wire.ask(f"VRFY {name}") for name in (u, "nobody@l.test", "nobody", "all")}
        assert len(answers) == 1
        assert answers.pop().startswith("252")
        assert wire.ask("EXPN all").startswith("252")
        wire.ask("MAIL FROM:<x@a.test>")
        assert wire.ask("RCPT TO:<Postmaster>")[:3] in ("250", "550")


def test_s36_postmaster_is_taken_in_any_case(house: Besieged) -> None:
    house.person("admin")
    with house.greeted() as wire:
        wire.ask("MAIL FROM:<x@a.test>")
        for path in ("<Postmaster>", "<postMASTER@L.Test>", "<abuse@l.test>"):
            assert wire.ask(f"RCPT TO:{path}").startswith("250"), path


@pytest.mark.parametrize(
    ("path", "known_as"),
    [
        ("<(any@legit.test>", None),
        ("<x@legit.test(a.a.test>", None),
        ("<x@legit.test'a.a.test>", None),
        ("<any@legit.test\0.a.test>", None),
        ("<@legit.test,@x:'any@a.test>", "'any@a.test"),  # the route is dropped, what is left is an address
    ],
)
def test_a03_a05_senders_with_comments_quotes_and_routes(
    house: Besieged, path: str, known_as: str | None
) -> None:
    u = house.person()
    with house.greeted() as wire:
        said = wire.letter(path[1:-1], [u], b"Subject: who\r\n\r\nhello")
    if known_as is None:
        assert said[:9] in ("501 5.1.7", "501 5.5.2")
        assert house.letters(u) == []
    else:
        assert house.letters(u)[0].startswith(f"Return-Path: <{known_as}>\r\n".encode())


def test_x01_no_name_is_a_pattern_or_a_statement(house: Besieged) -> None:
    """Wildcards find nobody, at RCPT and at login."""
    u = house.person()
    for name in ("%", "_" * len(u.partition("@")[0]), "p%", "' OR 1=1--", "*", "x' UNION SELECT 1--"):
        with house.greeted() as wire:
            wire.ask("MAIL FROM:<x@a.test>")
            assert wire.ask(f'RCPT TO:<"{name}"@l.test>').startswith("550 5.1.1"), name
        with house.user(u) as wire, house.connect("submissions") as other:
            other.tls()
            other.reply()
            other.ask("EHLO a.test")
            token = base64.b64encode(f"\0{name}@l.test\0{PASSWORD}".encode()).decode()
            assert other.ask(f"AUTH PLAIN {token}").startswith(("535 5.7.8", "454 4.7.0")), name


def test_x01_nothing_that_a_peer_says_begins_a_line_of_the_log(house: Besieged) -> None:
    with house.greeted() as wire:
        wire.send(b'MAIL FROM:<"a\\\x1b[31mb"@r.test>\r\n')
        wire.reply()
        wire.ask('MAIL FROM:<"INFO forged"@r.test>')
        wire.send('RCPT TO:<"a\u2028b"@nowhere.test> NOTIFY=\u0085\r\n')
        wire.reply()
    house.count("domains")
    logged = house.log.getvalue()
    assert all(line.startswith("{") for line in logged.splitlines() if line)
    assert "\x1b" not in logged
