"""SASL at a whole server: who is nobody looks like somebody, a stripped offer is noticed, secrets stay out of the log, and no state is left behind."""

from __future__ import annotations

import base64
import re

import pytest

from postroom.proto.sasl.exchange import Login, no_binding
from postroom.proto.sasl.scram import ScramClient
from siege import PASSWORD, Besieged, Wire


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def secure(house: Besieged) -> Wire:
    wire = house.greeted("submission")
    assert wire.ask("STARTTLS").startswith("220")
    wire.tls()
    wire.ask("EHLO a.test")
    return wire


def scram_begun(wire: Wire, name: str, flag: str = "n") -> str:
    """The server's first message."""
    answer = wire.ask(f"AUTH SCRAM-SHA-256 {b64(f'{flag},,n={name},r=abcdef'.encode())}")
    return base64.b64decode(answer[4:]).decode() if answer.startswith("334 ") else answer


def salt(first: str) -> tuple[str, str]:
    found = re.fullmatch(r"r=abcdef[^,]+,s=([^,]+),i=([0-9]+)", first)
    assert found is not None, first
    return found[1], found[2]


def test_what_is_offered_over_tls_is_what_everybody_can_use(house: Besieged) -> None:
    with house.greeted("submission") as wire:
        assert wire.ask("STARTTLS").startswith("220")
        wire.tls()
        offered = re.search(r"AUTH ([A-Z0-9 -]+)", wire.ask("EHLO a.test"))
    assert offered is not None
    assert offered[1].split() == [
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-1",
        "PLAIN",
        "LOGIN",
        "OAUTHBEARER",
        "XOAUTH2",
    ]


def test_s25_nothing_is_offered_in_the_clear_and_scram_is_refused_there(house: Besieged) -> None:
    with house.greeted("submission") as wire:
        assert "AUTH" not in wire.ask("EHLO a.test")
        assert wire.ask("AUTH SCRAM-SHA-256")[:3] in ("538", "502")
    with house.connect("imap") as wire:
        wire.line()
        wire.send("a CAPABILITY\r\n")
        assert "AUTH=" not in wire.line()
        wire.line()
        wire.send("b AUTHENTICATE SCRAM-SHA-256\r\n")
        assert wire.line().startswith("b NO [PRIVACYREQUIRED]")
    with house.connect("pop3") as wire:
        wire.line()
        wire.send("AUTH SCRAM-SHA-256\r\n")
        assert wire.line().startswith("-ERR")


def test_s28_names_that_are_nobodys_have_salts_that_stay(house: Besieged) -> None:
    known = house.person()
    seen: dict[str, set[tuple[str, str]]] = {}
    for name in (known, "nobody@l.test", "nobody@elsewhere.test"):
        for _ in range(2):
            with secure(house) as wire:
                seen.setdefault(name, set()).add(salt(scram_begun(wire, name)))
    assert all(len(found) == 1 for found in seen.values())
    shapes = {(len(one), count) for found in seen.values() for one, count in found}
    assert len(shapes) == 1
    assert len({one for found in seen.values() for one, _ in found}) == 3


def test_s28_a_wrong_proof_and_a_name_that_is_nobodys_are_answered_alike(house: Besieged) -> None:
    answers = set()
    for name in (house.person(), "nobody@l.test"):
        with secure(house) as wire:
            client = ScramClient(
                Login(name, "wrong", "smtp", "l", lambda: "abcdef", no_binding, "", True),
                "sha256",
                plus=False,
            )
            first = wire.ask(f"AUTH SCRAM-SHA-256 {b64(client.step(b''))}")
            answers.add(wire.ask(b64(client.step(base64.b64decode(first[4:])))))
        house.move(60)
    assert (
        answers == {"535 5.7.8 Authentication failed: the name or the password is wrong"} or len(answers) == 1
    )
    assert next(iter(answers)).startswith("535 5.7.8")


def test_a_client_that_was_not_told_of_channel_binding_is_warned_by_a_refusal(house: Besieged) -> None:
    with secure(house) as wire:
        assert scram_begun(wire, house.person(), "y").startswith("535")


def test_s26_exchanges_that_make_no_sense_end_and_leave_nothing(house: Besieged) -> None:
    someone = house.person()
    with secure(house) as wire:
        assert scram_begun(wire, someone).startswith("r=")
        assert wire.ask("*").startswith("501")
        assert scram_begun(wire, someone).startswith("r=")
        assert wire.ask("!!!").startswith("501 5.5.2")
        assert wire.ask(f"MAIL FROM:<{someone}>").startswith("530")
        assert scram_begun(wire, someone).startswith("r=")
        assert wire.ask(b64(b"c=biws,r=other,p=AAAA")).startswith("535")
        plain = b64(b"\0" + someone.encode() + b"\0" + PASSWORD.encode())
        assert wire.ask(f"AUTH PLAIN {plain}").startswith("235")
        assert wire.ask(f"MAIL FROM:<{someone}>").startswith("250")


def test_a_proof_is_worth_nothing_before_its_last_word(house: Besieged) -> None:
    """Who cancels at the server's proof has not logged in."""
    someone = house.person()
    with secure(house) as wire:  # by its password, so that there are keys for SCRAM
        plain = b64(b"\0" + someone.encode() + b"\0" + PASSWORD.encode())
        assert wire.ask(f"AUTH PLAIN {plain}").startswith("235")
    login = Login(someone, PASSWORD, "smtp", "l", lambda: "abcdef", no_binding, "", True)
    for last, answer in (("*", "501"), (b64(b"x"), "535"), ("", "235")):
        with secure(house) as wire:
            client = ScramClient(login, "sha256", plus=False)
            first = wire.ask(f"AUTH SCRAM-SHA-256 {b64(client.step(b''))}")
            proof = wire.ask(b64(client.step(base64.b64decode(first[4:]))))
            assert proof.startswith("334 ")
            assert client.step(base64.b64decode(proof[4:])) == b""
            assert wire.ask(last).startswith(answer)
            mail = wire.ask(f"MAIL FROM:<{someone}>")
            assert mail.startswith("250" if answer == "235" else "530")
        house.move(60)


@pytest.mark.parametrize("name", ["X" * 300, "GSSAPI", "ANONYMOUS", "SCRAM-SHA-512", "CRAM-MD5", "EXTERNAL"])
def test_what_is_not_offered_is_not_taken(house: Besieged, name: str) -> None:
    with secure(house) as wire:
        assert wire.ask(f"AUTH {name}")[:3] in ("504", "501")


def test_no_secret_is_in_the_log(house: Besieged) -> None:
    someone = house.person()
    with secure(house) as wire:
        plain = b64(b"\0" + someone.encode() + b"\0" + PASSWORD.encode())
        wire.ask(f"AUTH PLAIN {plain}")
        wire.ask("QUIT")
    said = house.log.getvalue()
    assert PASSWORD not in said
    assert plain not in said
