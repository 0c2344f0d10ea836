"""What waits for a time in a lab follows its clock: held mail, retries, the notice of a delay, the end of a message's life, a time to deliver by, reports of a day,
certificates."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest
from cryptography import x509

from postroom.agent.accounts import Account, choose, load
from postroom.agent.exits import ServerFailed
from postroom.agent.pop3_mailbox import Pop3Mailbox
from postroom.agent.runtime import ACCOUNTS, lab_directory
from postroom.lab import Lab
from postroom.lab.arrived.box import Mailbox, NotArrived

LETTER = b"Subject: lunch\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def alice(lab: Lab) -> Mailbox:
    return lab.mailbox(domain="crepes.test")


def send(alice: Mailbox, recipient: str, mail: tuple[str, ...] = (), rcpt: tuple[str, ...] = ()) -> None:
    with smtplib.SMTP(alice.host, alice.submission_port) as smtp:
        smtp.login(alice.address, alice.password)
        smtp.sendmail(alice.address, recipient, LETTER, mail, rcpt)


def is_tried(lab: Lab, alice: Mailbox) -> None:
    """Waits until the queue has tried in vain."""
    reading = lab._running.servers["crepes.test"].engine.reading()

    async def tried() -> bool:
        sql = "SELECT 1 FROM jobs j JOIN spool s ON s.slot = j.slot AND s.spool_id = j.spool_id WHERE j.attempts > 0 AND s.sender = $1"
        return bool(await reading.fetch(sql, alice.address))

    end = time.monotonic() + 60
    while not lab._do(tried()):
        assert time.monotonic() < end, "no attempt"
        time.sleep(0.02)


def test_mail_that_is_held(lab: Lab, alice: Mailbox) -> None:
    bob = lab.mailbox()
    send(alice, bob.address, ("HOLDFOR=7200",))
    lab.advance("+1h")
    with pytest.raises(NotArrived):
        bob.wait(timeout=0.2)
    lab.advance("+1h")
    assert bob.wait(timeout=30).subject == "lunch"


def test_the_notice_of_a_delay_and_the_end(lab: Lab, alice: Mailbox) -> None:
    send(alice, "tempfail@hamburger.test")
    is_tried(lab, alice)
    lab.advance("+5h")
    assert "delayed" in alice.wait(timeout=30).raw.decode()
    alice.clear()
    lab.advance("+6d")
    assert "Action: failed" in alice.wait(timeout=30).raw.decode()


def test_a_time_to_deliver_by(lab: Lab, alice: Mailbox) -> None:
    send(alice, "tempfail@hamburger.test", ("BY=600;R",))
    is_tried(lab, alice)
    lab.advance("+11m")
    assert "Action: failed" in alice.wait(timeout=30).raw.decode()


def test_a_slow_answer(lab: Lab) -> None:
    fault = lab.fault("banner", delay=3600.0, service="smtp")
    with smtplib.SMTP() as smtp:
        told: list[tuple[int, bytes]] = []
        greeted = threading.Thread(target=lambda: told.append(smtp.connect("127.0.0.1", lab.ports()["smtp"])))
        greeted.start()
        while not fault.hits:
            time.sleep(0.01)
        assert not told
        lab.advance("+1h")
        greeted.join()
        assert told[0][0] == 220
    lab.clear_faults()


def test_reports_of_a_day(lab: Lab) -> None:
    """The day of the letter is over, and the domain that it was from hears what came of it (RFC 9990)."""
    shop, bob = lab.mailbox(domain="crepes.test"), lab.mailbox()
    with smtplib.SMTP(shop.host, shop.submission_port) as smtp:
        smtp.login(shop.address, shop.password)
        smtp.sendmail(shop.address, bob.address, b"From: <" + shop.address.encode() + b">\r\n" + LETTER)
    bob.wait(subject="lunch", timeout=30)
    postmaster = lab.resident("alice@crepes.test")
    end = time.monotonic() + 60
    while not any("Report Domain: crepes.test" in mail.subject for mail in postmaster.messages()):
        assert time.monotonic() < end
        lab.advance("+1h")
        time.sleep(0.05)


def shown(lab: Lab, port: int) -> x509.Certificate:
    """What the server at a port shows, to a program whose clock was not moved, and which believes it."""
    context = ssl.create_default_context(cafile=str(lab.ca))
    with (
        socket.create_connection(("127.0.0.1", port), 60) as sock,
        context.wrap_socket(sock, server_hostname="localhost") as tls,
    ):
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def test_certificates_are_renewed_for_the_same_keys() -> None:
    """RFC 7671 §8.1: what the TLSA records say stays true. The authority's own certificate is renewed as well."""
    with Lab() as lab:
        ports = [lab.ports()["imaps"], lab.ports("crepes.test")["https"]]
        before = [shown(lab, port) for port in ports]
        for step in ("+400d", "+4000d"):
            lab.advance(step)
            for port, old in zip(ports, before, strict=True):
                new = shown(lab, port)
                assert new.not_valid_after_utc.timestamp() > lab.now() > old.not_valid_after_utc.timestamp()
                assert new.public_key() == old.public_key()
            bob = lab.mailbox()
            send(lab.mailbox(domain="crepes.test"), bob.address)
            assert bob.wait(timeout=30).subject == "lunch"


def test_a_certificate_that_nobody_renews() -> None:
    """Commands of the lab's user judge it by the lab's clock; it is renewed as soon as somebody cares."""
    with Lab() as lab:
        path = lab_directory(lab.environ()) / ACCOUNTS

        def read() -> None:
            asyncio.run(_opened(choose(load(path), "bob")))

        lab.switch_on("no-renewal")
        lab.advance("+89d")
        read()
        lab.advance("+2d")
        with pytest.raises(ServerFailed, match="certificate has expired"):
            read()
        lab.switch_off("no-renewal")
        read()


async def _opened(account: Account) -> None:
    mailbox = await Pop3Mailbox.open(account)
    await mailbox.close()
