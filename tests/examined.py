"""A door that examines what comes, over a DNS of a few lines: for tests of sender authentication as clients meet it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from dkim_post import keys, zone
from postroom.intake.examiner import Examiner, Examining
from postroom.intake.mx import MxDoor
from postroom.mailauth.decision import Measure, Policy
from postroom.mailauth.dkim.signing import SigningKey, sign
from postroom.message.headers.authentication_results import parse
from postroom.message.headers.header import Header
from postroom.message.journey.events import Accepted, Decided, HopKind
from postroom.proto.dns.answer import Answer
from smtp_session import Line, Talk, service
from sorting_office import SortingOffice
from spf_zone import Zone

NOTE = Policy(most=Measure.NOTE)
GOOD, BAD = "192.0.2.7", "203.0.113.9"
RECORDS = """
crepes.test TXT v=spf1 ip4:192.0.2.7 -all
_dmarc.crepes.test TXT v=DMARC1; p=reject
_dmarc.quiet.test TXT v=DMARC1; p=quarantine
_dmarc.watched.test TXT v=DMARC1; p=none
watched.test TXT v=spf1 -all
disowned.test TXT v=spf1 -all exp=why.disowned.test
why.disowned.test TXT %{i} is not ours
a.test TXT v=spf1 a -all
a.test A 192.0.2.7
7.2.0.192.in-addr.arpa PTR a.test
slow.test TXT !TIMEOUT
_dmarc.slow.test TXT !SERVFAIL
"""
LETTER = (
    b"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nSubject: lunch\r\n"
    b"Message-ID: <1@crepes.test>\r\n\r\nDo you like ketchup?\r\n"
)


def signed(letter: bytes = LETTER, signing: Sequence[SigningKey] | None = None) -> bytes:
    """The letter with signatures of now."""
    return b"".join(sign(letter, list(signing or keys()), int(time.time()))) + letter


class Far(Zone):
    """One that has to be waited for."""

    async def txt(self, name: str) -> Answer[bytes]:
        await asyncio.sleep(0)
        return await super().txt(name)


def resolver(more: str = "") -> Zone:
    """What the DNS has, the keys of `dkim_post` with it."""
    texts = "\n".join(f"{name} TXT {text}" for name, text in zone().items())
    return Far(f"{RECORDS}\n{texts}\n{more}")


def door(office: SortingOffice, policy: Policy | None = None, **more: Any) -> MxDoor:
    """An examining one; the fields of `Examining` may be given."""
    told = more.pop("told", [])
    examining = Examining(
        more.pop("resolver", None) or resolver(),
        "mx.hamburger.test",
        policy or Policy(),
        office.clock.now,
        lambda event, **facts: told.append((event, facts)),
        **more,
    )
    return MxDoor(office.premises(), Examiner(examining))


async def send(
    way: MxDoor, letter: bytes, ip: str = GOOD, sender: str = "alice@crepes.test", helo: str = "a.test"
) -> str:
    """The reply to the end of the message, or the first refusal before it."""
    talk = Talk(service(way), Line(ip))
    utf8 = "" if sender.isascii() and letter.isascii() else " SMTPUTF8"
    await talk.say(f"EHLO {helo}")
    for line in (f"MAIL FROM:<{sender}>{utf8}", "RCPT TO:<bob@hamburger.test>", "DATA"):
        said = await talk.say(line)
        if said[-1][0] not in "23":
            return said[-1]
    return (await talk.hear(letter.replace(b"\r\n.", b"\r\n..") + b".\r\n"))[-1]


async def boxes(office: SortingOffice, account_id: int = 0) -> dict[str, list[bytes]]:
    """The messages of an account's mailboxes by name, the empty ones left out."""
    rows = await office.rows(
        "SELECT b.name, e.blob_id FROM messages m JOIN mailboxes b ON b.account_id = m.account_id AND b.mailbox_id = m.mailbox_id"
        " JOIN emails e ON e.account_id = m.account_id AND e.email_id = m.email_id WHERE m.account_id = $1 ORDER BY m.uid",
        account_id or office.bob,
    )
    found: dict[str, list[bytes]] = {}
    for name, blob_id in rows:
        found.setdefault(name, []).append(await office.store.read(account_id or office.bob, blob_id) or b"")
    return found


async def only(office: SortingOffice, mailbox: str = "INBOX") -> Header:
    """The header of the one message that came."""
    found = await boxes(office)
    assert list(found) == [mailbox]
    [raw] = found[mailbox]
    return Header.parse(raw)


def results(header: Header) -> dict[str, str]:
    """Methods and results of our one field."""
    read = [parse(value) for value in header.all("Authentication-Results")]
    [found] = [one for one in read if one is not None and one.authserv_id == "mx.hamburger.test"]
    return {f"{one.method} {one.properties[0].name}" if one.method == "spf" else one.method: one.result for one in found.results}  # fmt: skip


async def decided(office: SortingOffice) -> list[tuple[str, str, str]]:
    [row] = await office.rows("SELECT accept_id FROM journal_links")
    [hop] = [one for one in await office.hops(row[0]) if one.kind is HopKind.RECEIVED]
    kinds = [type(event) for event in hop.events]
    assert kinds.index(Decided) < kinds.index(Accepted)
    return [(event.what, event.result, event.because) for event in hop.events if isinstance(event, Decided)]
