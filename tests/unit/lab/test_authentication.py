"""Sender authentication in a lab: it is shown, and refuses nothing unless it was asked for."""

from __future__ import annotations

import poplib
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from postroom.lab import Lab
from postroom.message.journey.events import Decided, HopKind, Outcome
from postroom.store import journal

BOB = "bob@hamburger.test"
FORGED = "From: alice@crepes.test\r\nSubject: forged\r\n\r\nHi\r\n"


@pytest.fixture(params=[False, True], ids=["lab", "lab --enforce"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """One that only shows, and one that does as real servers do."""
    with Lab(enforce=request.param) as running:
        yield running


def test_a_forged_letter_is_shown_or_kept_apart(lab: Lab) -> None:
    bob = lab.resident(BOB)
    with smtplib.SMTP(bob.host, bob.smtp_port, local_hostname="evil.test") as smtp:
        assert smtp.sendmail("alice@crepes.test", [BOB], FORGED) == {}
    events = lab._do(_received(lab))
    spf = next(event for event in events if isinstance(event, Decided) and event.what == "spf")
    assert (spf.result, spf.because) == ("fail", "127.0.0.1 is not in v=spf1 mx -all of crepes.test")
    where = next(event.where for event in events if isinstance(event, Outcome))
    assert where == ("Junk" if lab._enforce else "INBOX")


def test_a_letter_from_the_other_house_is_good(lab: Lab) -> None:
    bob = lab.resident(BOB)
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "alice@crepes.test", BOB, "good"
    letter.set_content("Hi\n")
    lab.resident("alice@crepes.test").send(letter)
    bob.wait(subject="good")
    box = poplib.POP3(bob.host, bob.pop3_port)
    box.user(BOB)
    box.pass_(bob.password)
    head = b"\n".join(box.retr(1)[1]).partition(b"\n\n")[0]
    box.quit()
    assert head.count(b"Authentication-Results: mail.hamburger.test;") == 1
    assert b"spf=pass (127.0.0.2 matches mx of crepes.test)" in head.replace(b"\n\t", b" ")
    assert b"iprev=pass" in head


async def _received(lab: Lab) -> list[Any]:
    tx = lab._running.servers["hamburger.test"].engine.reading()
    [row] = await tx.fetch("SELECT DISTINCT accept_id FROM journal_links")
    hops = [found.hop() for found in await journal.read(tx, row[0])]
    return [event for hop in hops if hop.kind is HopKind.RECEIVED for event in hop.events]
