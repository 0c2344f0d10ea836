"""The fixtures as their users have them: real servers, real clients, faults, time."""

from __future__ import annotations

import asyncio
import imaplib
import json
import poplib
import smtplib
import ssl
import threading
import time
import urllib.request
from base64 import b64encode
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from postroom.lab.arrived import box
from postroom.lab.arrived.box import NotArrived

if TYPE_CHECKING:
    from postroom.lab.arrived.box import Mailbox
    from postroom.lab.arrived.transcript import Transcript
    from postroom.lab.testing.faults import MailClock, MailFaults
    from postroom.lab.testing.lab import Lab


def letter(to: str, subject: str = "Welcome", body: str = "Your code is 123456.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", to, subject
    message.set_content(body)
    return message


def send(mailbox: Mailbox, message: EmailMessage | None = None) -> None:
    """As a program under test does: no login, no TLS."""
    with smtplib.SMTP(mailbox.host, mailbox.smtp_port, timeout=60) as smtp:
        smtp.send_message(message or letter(mailbox.address))


def test_mail_arrives(mailbox: Mailbox) -> None:
    send(mailbox)
    mail = mailbox.wait(subject="Wel*", sender="shop@*", timeout=60)
    assert (mail.subject, mail.sender, mail.to) == ("Welcome", "shop@example.com", [mailbox.address])
    assert mailbox.code() == "123456"
    assert mail.raw.startswith(b"Return-Path: <shop@example.com>")


def test_mail_that_comes_while_somebody_waits(mailbox: Mailbox) -> None:
    later = threading.Timer(0.2, send, (mailbox,))
    later.start()
    assert mailbox.wait(timeout=60).subject == "Welcome"
    later.join()


def test_octets_go_to_whom_they_name(mailbox: Mailbox, mail_lab: Lab) -> None:
    other = mail_lab.mailbox()
    field = f"To: Me <{mailbox.address}>\r\nCc: {other.address}\r\n"
    mailbox.send(field.encode() + b"Subject: Pie\r\n\r\nToday?\r\n")
    assert {box.wait().subject for box in (mailbox, other)} == {"Pie"}


def test_each_test_has_a_mailbox_of_its_own(mailbox: Mailbox, mail_lab: Lab) -> None:
    assert mailbox.messages() == []
    other = mail_lab.mailbox()
    send(other)
    other.wait()
    assert mailbox.messages() == []
    assert mail_lab.mailbox(domain="crepes.test").address.endswith("@crepes.test")


def test_what_has_not_come_is_told_with_what_has(mailbox: Mailbox) -> None:
    send(mailbox)
    mailbox.wait()
    with pytest.raises(NotArrived, match=r"subject 'Bye\*'.*within 0.1 s; there is <Mail 'Welcome'"):
        mailbox.wait(subject="Bye*", timeout=0.1)


def test_the_newest_of_many(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "LISTED", 3)
    monkeypatch.setattr(box, "NAMED", 2)
    for number in range(5):
        send(mailbox, letter(mailbox.address, f"number {number}"))
    assert mailbox.wait(subject="number 4", timeout=60).subject == "number 4"
    assert [mail.subject for mail in mailbox.messages()] == ["number 2", "number 3", "number 4"]
    with pytest.raises(NotArrived, match="there is 1 older, <Mail 'number 3'"):
        mailbox.wait(subject="number 0", timeout=0)


@pytest.mark.parametrize("subject", ["[Shop] Your order", "[shop]*", "*order", "[Shop] Your orde?"])
def test_a_subject_with_brackets(mailbox: Mailbox, subject: str) -> None:
    mailbox.send(b"Subject: [Shop] Your order\r\n\r\n", mailbox.address)
    assert mailbox.wait(subject=subject, timeout=0).subject == "[Shop] Your order"
    with pytest.raises(NotArrived):
        mailbox.wait(subject="[A-Z]*", timeout=0)


def test_clearing(mailbox: Mailbox) -> None:
    send(mailbox)
    mailbox.wait()
    mailbox.clear()
    assert mailbox.messages() == []
    with pytest.raises(NotArrived, match="has no mail"):
        mailbox.links()
    send(mailbox, letter(mailbox.address, "Second"))
    assert mailbox.wait().subject == "Second"


def test_every_protocol_is_real(mailbox: Mailbox, mail_lab: Lab) -> None:
    context = ssl.create_default_context(cafile=str(mail_lab.ca))
    with smtplib.SMTP("localhost", mailbox.submission_port, timeout=60) as smtp:
        smtp.starttls(context=context)
        smtp.login(mailbox.address, mailbox.password)
        message = letter(mailbox.address)
        message.replace_header("From", mailbox.address)
        smtp.send_message(message)
    mailbox.wait()
    pop = poplib.POP3(mailbox.host, mailbox.pop3_port, timeout=60)
    pop.user(mailbox.address)
    pop.pass_(mailbox.password)
    assert pop.stat()[0] == 1
    pop.quit()
    with imaplib.IMAP4(mailbox.host, mailbox.imap_port, timeout=60) as imap:
        imap.login(mailbox.address, mailbox.password)
        assert imap.select()[1] == [b"1"]
    credentials = b64encode(f"{mailbox.address}:{mailbox.password}".encode()).decode()
    asked = urllib.request.Request(
        f"{mailbox.http_url}/jmap/session", headers={"Authorization": f"Basic {credentials}"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert json.load(answer)["username"] == mailbox.address


def test_many_connections_are_no_abuse(mailbox: Mailbox) -> None:
    for _ in range(400):
        with smtplib.SMTP(mailbox.host, mailbox.smtp_port, timeout=60) as smtp:
            assert smtp.noop()[0] == 250


def test_a_fault_for_the_next_two(mailbox: Mailbox, mail_faults: MailFaults) -> None:
    fault = mail_faults.add("rcpt", reply="451 4.2.1 Busy", times=2, recipient=mailbox.address)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(mailbox)
        assert refused.value.recipients[mailbox.address] == (451, b"4.2.1 Busy")
    send(mailbox)
    assert mailbox.wait().subject == "Welcome"
    assert (fault.hits, fault.spent) == (2, True)


def test_a_fault_at_a_command(mailbox: Mailbox, mail_faults: MailFaults) -> None:
    fault = mail_faults.add("imap SELECT", reply="NO [UNAVAILABLE] Try later", times=1)
    with imaplib.IMAP4(mailbox.host, mailbox.imap_port) as imap:
        imap.login(mailbox.address, mailbox.password)
        assert imap.select()[0] == "NO"
        assert imap.select()[0] == "OK"
    assert fault.spent


def test_a_fault_with_a_name(mailbox: Mailbox, mail_lab: Lab, mail_faults: MailFaults) -> None:
    mail_faults.switch_on("full-mailbox")
    mail_faults.switch_on("full-mailbox")
    assert mail_lab.is_on("full-mailbox@hamburger.test")
    with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"4\.2\.2"):
        send(mailbox)
    mail_faults.switch_off("full-mailbox")
    send(mailbox)
    mail_faults.switch_on("server-down")
    with pytest.raises((OSError, smtplib.SMTPException)):
        send(mailbox)


def test_who_moves_in_while_all_mailboxes_are_full(mail_lab: Lab, mail_faults: MailFaults) -> None:
    mail_faults.switch_on("full-mailbox")
    box = mail_lab.mailbox()
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="is full"):
        box.send(b"Subject: x\r\n\r\n", box.address)
    mail_faults.switch_off("full-mailbox")
    box.send(b"Subject: x\r\n\r\n", box.address)
    assert box.wait().subject == "x"


def test_faults_of_other_tests_are_gone(mailbox: Mailbox, mail_lab: Lab) -> None:
    send(mailbox)
    assert not mail_lab.is_on("server-down")


def test_who_lives_there(mail_lab: Lab) -> None:
    assert mail_lab.resident("alice@crepes.test").password
    for nobody in ("nobody@crepes.test", "alice@example.com", "alice"):
        with pytest.raises(LookupError, match="nobody in this lab"):
            mail_lab.resident(nobody)


def test_the_queue_follows_the_clock(
    mailbox: Mailbox, mail_lab: Lab, mail_faults: MailFaults, mail_clock: MailClock
) -> None:
    fault = mail_faults.add("data", reply="452 4.3.1 Full", domain="hamburger.test", times=1)
    alice = mail_lab.mailbox(domain="crepes.test")
    message = letter(mailbox.address)
    message.replace_header("From", alice.address)
    with smtplib.SMTP(alice.host, alice.smtp_port, timeout=60) as smtp:
        smtp.login(alice.address, alice.password)
        smtp.send_message(message)
    until = time.monotonic() + 20
    while not fault.hits and time.monotonic() < until:
        time.sleep(0.01)
    before = mail_clock.now()
    with pytest.raises(NotArrived):
        mailbox.wait(timeout=0.2)
    mail_clock.advance("+1h")
    assert mailbox.wait(timeout=60).sender == alice.address
    assert mail_clock.now() >= before + 3600


def test_the_transcript(mailbox: Mailbox, transcript: Transcript) -> None:
    send(mailbox)
    mailbox.wait()
    assert f"<- RCPT TO:<{mailbox.address}>" in transcript.text().replace("rcpt", "RCPT").replace(
        "to:", "TO:"
    )
    assert "at hamburger.test" in transcript
    assert transcript.lines()[0].startswith("J")


def test_how_the_mail_is_written(mailbox: Mailbox) -> None:
    send(mailbox)
    mail = mailbox.wait()
    assert [one.check for one in mail.problems()] == ["date", "message-id"]
    assert mail.problems(without=["header"]) == []
    assert {one.group: one.verdict for one in mail.check()}["sender"] == "note"
    with pytest.raises(ValueError, match="no check or group is called spelling"):
        mail.problems(without=["spelling"])


def test_whoever_writes_as_somebody_else_without_a_login(mailbox: Mailbox) -> None:
    message = letter(mailbox.address)
    message.replace_header("From", mailbox.address)
    send(mailbox, message)
    found = {one.check: one for one in mailbox.wait().problems()}
    assert "put ip4:127.0.0.1 into the SPF record of hamburger.test" in found["spf"].fix


async def test_from_coroutines(mailbox: Mailbox, mail_lab: Lab) -> None:
    other = await mail_lab.mailbox_async()
    waiting = asyncio.create_task(other.wait_async(timeout=60))
    await asyncio.to_thread(send, other)
    assert (await waiting).subject == "Welcome"
    assert [mail.subject for mail in await other.messages_async()] == ["Welcome"]
    await other.clear_async()
    assert await other.messages_async() == []
    assert await mailbox.messages_async() == []


def test_a_lab_has_no_two_of_a_name(mailbox: Mailbox, mail_lab: Lab) -> None:
    with pytest.raises(ValueError, match="lives in this lab already"):
        mail_lab.mailbox(mailbox.address.partition("@")[0])
    with pytest.raises(ValueError, match=r"no domain 'example\.com'; it has hamburger\.test"):
        mail_lab.mailbox(domain="example.com")
