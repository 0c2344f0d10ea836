"""A lab in which nobody is unknown: mail to anybody, of any domain, by any door, comes into one mailbox, and nothing leaves."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

import pytest

from postroom.lab import Lab
from postroom.lab.arrived.box import Mailbox

LETTER = "From: shop@example.com\r\nSubject: {}\r\n\r\nHello\r\n"
DOMAINS = ("hamburger.test", "crepes.test")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(catch_all=True) as running:
        yield running


@pytest.fixture
def caught(lab: Lab) -> Mailbox:
    box = lab.catch_all
    box.clear()
    return box


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize(
    "recipient", ["anna@example.org", "x@bücher.example".encode("idna").decode(), "nobody@hamburger.test"]
)
def test_port_25(lab: Lab, caught: Mailbox, domain: str, recipient: str) -> None:
    if domain == "crepes.test" and recipient.endswith("hamburger.test"):
        pytest.skip("that is the other server's, and port 25 relays nothing")
    with smtplib.SMTP("127.0.0.1", lab.ports(domain)["smtp"]) as smtp:
        smtp.sendmail("shop@example.com", [recipient], LETTER.format(recipient))
    mail = caught.wait(subject=recipient)
    assert f"for <{recipient}>" in mail.raw.decode()


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("recipient", ["anna@gmail.com", "nobody@hamburger.test", "nobody@crepes.test"])
def test_submission(lab: Lab, caught: Mailbox, domain: str, recipient: str) -> None:
    sender = lab.mailbox(domain=domain)
    with smtplib.SMTP("127.0.0.1", sender.submission_port) as smtp:
        smtp.login(sender.address, sender.password)
        smtp.sendmail(sender.address, [recipient], f"Subject: {recipient}\r\n\r\nHello\r\n")
    assert caught.wait(subject=recipient).sender == sender.address


def test_who_lives_there_gets_his_own(lab: Lab, caught: Mailbox) -> None:
    box = lab.mailbox()
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as smtp:
        smtp.sendmail("shop@example.com", [box.address, "anna@example.org"], LETTER.format("both"))
    assert box.wait(subject="both")
    assert caught.wait(subject="both")
    assert len(caught.messages()) == 1


def test_reports_stay_too(lab: Lab, caught: Mailbox) -> None:
    """What comes back to a sender of another domain comes here."""
    sender = lab.mailbox(domain="crepes.test")
    with smtplib.SMTP("127.0.0.1", sender.smtp_port) as smtp:
        smtp.login(sender.address, sender.password)
        smtp.sendmail("shop@example.com", ["permfail@hamburger.test"], LETTER.format("back"))
    assert caught.wait(sender="*").header("Auto-Submitted")


def test_nobody_looks_for_another_server(lab: Lab) -> None:
    asked = {(one.text, one.facts["kind"]) for one in lab._running.feed.since(0) if one.kind == "dns"}
    assert {name for name, kind in asked if kind == "MX"} <= set(DOMAINS), asked


def test_a_lab_without_it_refuses(mail_lab: Lab) -> None:
    with pytest.raises(LookupError, match="nobody in this lab"):
        _ = mail_lab.catch_all
    with (
        smtplib.SMTP("127.0.0.1", mail_lab.ports()["smtp"]) as smtp,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        smtp.sendmail("shop@example.com", ["anna@example.org"], LETTER.format("x"))
