"""Sender authentication in a lab: it is shown, and refuses nothing unless it was asked for."""

from __future__ import annotations

import asyncio
import poplib
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from laboratory import LabThread
from postroom.message.journey import Decided, HopKind, Outcome
from postroom.store import journal

BOB = "bob@hamburger.test"
FORGED = "From: alice@crepes.test\r\nSubject: forged\r\n\r\nHi\r\n"


@pytest.fixture(params=[False, True], ids=["lab", "lab --enforce"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LabThread]:
    """One that only shows, and one that does as real servers do."""
    thread = LabThread(tmp_path, enforce=request.param)
    yield thread
    thread.close()


def test_a_forged_letter_is_shown_or_kept_apart(lab: LabThread) -> None:
    ports = lab.lab.ports["hamburger.test"]
    with smtplib.SMTP("127.0.0.1", ports["smtp"], local_hostname="evil.test") as smtp:
        assert smtp.sendmail("alice@crepes.test", [BOB], FORGED) == {}
    events = lab.do(_received(lab))
    spf = next(event for event in events if isinstance(event, Decided) and event.what == "spf")
    assert (spf.result, spf.because) == ("fail", "127.0.0.1 is not in v=spf1 mx -all of crepes.test")
    where = next(event.where for event in events if isinstance(event, Outcome))
    assert where == ("Junk" if lab.lab.settings.enforce else "INBOX")


def test_a_letter_from_the_other_house_is_good(lab: LabThread) -> None:
    people = {one.address: one.password for one in lab.lab.inhabitants}
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "alice@crepes.test", BOB, "good"
    letter.set_content("Hi\n")
    with smtplib.SMTP("127.0.0.1", lab.lab.ports["crepes.test"]["submission"]) as smtp:
        smtp.login("alice@crepes.test", people["alice@crepes.test"])
        smtp.send_message(letter)
    lab.do(_arrived(lab))
    box = poplib.POP3_SSL("127.0.0.1", lab.lab.ports["hamburger.test"]["pop3s"], context=_unverified())
    box.user(BOB)
    box.pass_(people[BOB])
    head = b"\n".join(box.retr(1)[1]).partition(b"\n\n")[0]
    box.quit()
    assert head.count(b"Authentication-Results: mail.hamburger.test;") == 1
    assert b"spf=pass (127.0.0.2 matches mx of crepes.test)" in head.replace(b"\n\t", b" ")
    assert b"iprev=pass" in head


async def _arrived(lab: LabThread) -> None:
    engine = lab.lab.servers["hamburger.test"].engine
    while not await engine.reading().fetch("SELECT 1 FROM messages"):
        await asyncio.sleep(0.05)


async def _received(lab: LabThread) -> list[Any]:
    tx = lab.lab.servers["hamburger.test"].engine.reading()
    [row] = await tx.fetch("SELECT DISTINCT accept_id FROM journal_links")
    hops = [found.hop() for found in await journal.read(tx, row[0])]
    return [event for hop in hops if hop.kind is HopKind.RECEIVED for event in hop.events]


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
