"""A lab that others can reach: at its own loopback addresses all is as ever, at the other one passwords need TLS. The other one is of loopback here, too."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import LabThread
from postroom.lab.dns.notes import furnished
from postroom.lab.plan import HOUSES
from postroom.lab.reachable import BadBind, parse_bind

HERE, THERE = "127.0.0.1", "127.0.0.5"
BOB = "bob@hamburger.test"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    thread = LabThread(tmp_path_factory.mktemp("open"), bind=THERE, houses=furnished(HOUSES))
    yield thread
    thread.close()


@pytest.fixture
def ports(lab: LabThread) -> dict[str, int]:
    return lab.lab.ports["hamburger.test"]


@pytest.fixture
def word(lab: LabThread) -> str:
    return {one.address: one.password for one in lab.lab.inhabitants}[BOB]


def test_pop3(lab: LabThread, ports: dict[str, int], word: str) -> None:
    far = poplib.POP3(THERE, ports["pop3"])
    with pytest.raises(poplib.error_proto, match="TLS"):
        far.user(BOB)
    far.close()
    near = poplib.POP3(HERE, ports["pop3"])
    near.user(BOB)
    near.pass_(word)
    near.quit()
    far = poplib.POP3(THERE, ports["pop3"])
    far.stls(ssl.create_default_context(cafile=lab.lab.ca.path))
    far.user(BOB)
    far.pass_(word)
    far.quit()


def test_imap(lab: LabThread, ports: dict[str, int], word: str) -> None:
    far = imaplib.IMAP4(THERE, ports["imap"])
    assert "LOGINDISABLED" in far.capabilities
    with pytest.raises(imaplib.IMAP4.error):
        far.login(BOB, word)
    far.starttls(ssl.create_default_context(cafile=lab.lab.ca.path))
    far.login(BOB, word)
    far.logout()
    near = imaplib.IMAP4(HERE, ports["imap"])
    near.login(BOB, word)
    near.logout()


@pytest.mark.parametrize("service", ["smtp", "submission"])
def test_smtp(lab: LabThread, ports: dict[str, int], word: str, service: str) -> None:
    with smtplib.SMTP(THERE, ports[service]) as far:
        far.ehlo("crepes.test")
        assert not far.has_extn("auth")
        far.starttls(context=ssl.create_default_context(cafile=lab.lab.ca.path))
        far.login(BOB, word)
    with smtplib.SMTP(HERE, ports[service]) as near:
        near.login(BOB, word)


def test_nothing_is_relayed_for_strangers(ports: dict[str, int]) -> None:
    for address in (HERE, THERE):
        with smtplib.SMTP(address, ports["smtp"]) as smtp:
            smtp.ehlo("crepes.test")
            assert smtp.mail("<alice@crepes.test>")[0] == 250
            assert smtp.rcpt("<alice@crepes.test>")[0] == 550
            assert smtp.rcpt(f"<{BOB}>")[0] == 250


def test_what_is_not_open(lab: LabThread, ports: dict[str, int]) -> None:
    """LMTP takes anything, and the DNS has names that are other people's elsewhere."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((THERE, ports["lmtp"]))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((THERE, lab.lab.names.port))


def test_known_passwords_are_good_for_nothing(lab: LabThread, ports: dict[str, int]) -> None:
    assert lab.lab.printed == {}
    near = poplib.POP3(HERE, ports["pop3"])
    near.user("carolyn")
    with pytest.raises(poplib.error_proto, match="AUTH"):
        near.pass_("vegetables")
    near.close()


def test_who_guesses_waits(lab: LabThread, ports: dict[str, int]) -> None:
    """As at any server, but for this name from there only: others of the class are not held up."""
    context = ssl.create_default_context(cafile=lab.lab.ca.path)

    def answer(name: str) -> str:
        far = poplib.POP3_SSL(THERE, ports["pop3s"], context=context)
        far.user(name)
        with pytest.raises(poplib.error_proto) as refused:
            far.pass_("guess")
        far.close()
        return str(refused.value)

    assert "AUTH" in answer("alice@hamburger.test")
    assert "Too many failed logins" in answer("alice@hamburger.test")
    assert "Too many" not in answer("dave@hamburger.test")


def test_what_was_open_is_closed_when_others_come(tmp_path: Path) -> None:
    """The passwords of the notes are taken away from a lab that had them."""
    before = LabThread(tmp_path, houses=furnished(HOUSES))
    box = poplib.POP3(HERE, before.lab.ports["hamburger.test"]["pop3"])
    box.user("bob")
    box.pass_("hungry")
    box.quit()
    before.close()
    after = LabThread(tmp_path, houses=furnished(HOUSES), bind=THERE)
    box = poplib.POP3(HERE, after.lab.ports["hamburger.test"]["pop3"])
    box.user("bob")
    with pytest.raises(poplib.error_proto):
        box.pass_("hungry")
    box.close()
    after.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lan", "that is no address; write it as 192.168.1.10"),
        ("0.0.0.0", "name one address of this machine"),
        ("::", "name one address"),
        ("224.0.0.1", "name one address"),
        ("192.0.2.1", "must be an address of this machine"),
    ],
)
def test_no_address(text: str, words: str) -> None:
    with pytest.raises(BadBind, match=words):
        parse_bind(text)


def test_an_address() -> None:
    assert parse_bind(THERE) == THERE
