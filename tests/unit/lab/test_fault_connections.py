"""Faults of connections as programs meet them: refused, held back, with a certificate that is not good, at services with TLS from the first octet too."""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Iterator

import pytest

from postroom.lab import Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(autouse=True)
def _well_again(lab: Lab) -> Iterator[None]:
    yield
    lab.clear_faults()


def greeting(lab: Lab, service: str = "smtp") -> bytes:
    with socket.create_connection(("127.0.0.1", lab.ports()[service]), 60) as sock:
        return sock.recv(100)


def imaps(lab: Lab) -> None:
    context = ssl.create_default_context(cafile=str(lab.ca))
    with imaplib.IMAP4_SSL("127.0.0.1", lab.ports()["imaps"], ssl_context=context, timeout=60) as imap:
        imap.noop()


def test_refused(lab: Lab) -> None:
    """As where no server runs: at every address, uncounted, until it is over."""
    fault = lab.fault("connect", refuse=True, service="smtp")
    for host in ("127.0.0.1", "127.0.0.3"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, lab.ports()["smtp"]), 60)
    assert greeting(lab, "pop3").startswith(b"+OK")
    assert fault.hits == 0
    lab.clear_faults(fault)
    assert greeting(lab).startswith(b"220 ")


def test_refused_so_many_times(lab: Lab) -> None:
    """What is counted is a connection, which ends with a reset; a rule that comes before has its turn first."""
    fault = lab.fault("connect", refuse=True, service="smtp", times=2)
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            greeting(lab)
    assert greeting(lab).startswith(b"220 ")
    assert greeting(lab, "pop3").startswith(b"+OK")
    assert fault.spent


def test_dropped_and_then_refused(lab: Lab) -> None:
    first = lab.fault("connect", drop=True, service="smtp", times=1)
    lab.fault("connect", refuse=True, service="smtp")
    assert greeting(lab) == b""
    assert first.spent
    with pytest.raises(ConnectionRefusedError):
        greeting(lab)


def test_a_server_that_is_down(lab: Lab) -> None:
    lab.switch_on("server-down@crepes.test")
    port = lab.ports("crepes.test")["smtp"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 60)
    assert greeting(lab).startswith(b"220 ")
    lab.reset()
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        assert sock.recv(100).startswith(b"220 ")


def test_dropped(lab: Lab) -> None:
    lab.fault("connect", drop=True, service="imap*", times=1)
    assert greeting(lab, "imap") == b""
    assert greeting(lab, "imap").startswith(b"* OK")


def test_another_domain_is_not_concerned(lab: Lab) -> None:
    lab.fault("connect", drop=True, domain="crepes.test")
    assert greeting(lab).startswith(b"220 ")


def test_held_back_with_what_came_meanwhile(lab: Lab) -> None:
    """A ClientHello that comes before the connection begins is not lost."""
    fault = lab.fault("connect", delay=0.05, service="imaps")
    imaps(lab)
    assert fault.hits == 1


@pytest.mark.parametrize(
    ("certificate", "words"), [("expired", "expired"), ("another name", "mismatch|not valid for")]
)
def test_certificates(lab: Lab, certificate: str, words: str) -> None:
    lab.fault("tls", certificate=certificate, service="imaps", times=1)
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        imaps(lab)
    imaps(lab)


@pytest.mark.parametrize(
    "terms", [{"drop": True}, {"reply": "handshake_failure"}, {"reply": "internal_error"}]
)
def test_broken_handshakes(lab: Lab, terms: dict[str, bool]) -> None:
    lab.fault("tls", **terms, times=1)
    with pytest.raises(ssl.SSLError):
        imaps(lab)
    imaps(lab)


def test_a_handshake_that_is_held_back(lab: Lab) -> None:
    fault = lab.fault("tls", delay=0.05)
    imaps(lab)
    assert fault.hits == 1


@pytest.mark.parametrize(
    ("service", "verb", "offer"), [("pop3", "CAPA", b"\r\nSTLS\r\n"), ("imap", "a CAPABILITY", b"STARTTLS")]
)
def test_stripped(lab: Lab, service: str, verb: str, offer: bytes) -> None:
    for fault in (False, True):
        if fault:
            lab.fault("tls", strip=True, service=service)
        with (
            socket.create_connection(("127.0.0.1", lab.ports()[service]), 60) as sock,
            sock.makefile("rb") as lines,
        ):
            lines.readline()
            sock.sendall(verb.encode() + b"\r\nb NOOP\r\n")
            told = b""
            while not told.rsplit(b"\r\n", 2)[-2:][0].startswith((b"b OK", b"-ERR")):
                told += lines.readline()
            assert (offer in told) is not fault
