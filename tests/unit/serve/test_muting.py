"""What comes by SMTP to a conversation that is muted goes past the inbox, on both engines, while nobody is there."""

from __future__ import annotations

from typing import Any

from postroom.intake.mx import MxDoor
from postroom.message.journey.events import Outcome
from postroom.store import journal
from postroom.store.emails import flagging, muting
from postroom.store.emails.flagging import FlagChange, Mode
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.messages import Message
from postroom.store.mailboxes.rights import MailboxRef
from smtp_session import Talk, service
from sorting_office import SortingOffice

FIRST = "From: x@r.test\r\nSubject: Lunch\r\nMessage-ID: <1@r.test>"
REPLY = "From: x@r.test\r\nSubject: Re: Lunch\r\nMessage-ID: <{0}@r.test>\r\nIn-Reply-To: <1@r.test>"
OTHER = "From: x@r.test\r\nSubject: Dinner\r\nMessage-ID: <9@r.test>"


async def send(office: SortingOffice, head: str, door: Any = None) -> None:
    talk = Talk(service(door or MxDoor(office.premises())))
    said = await talk.message(body=f"{head}\r\n\r\nHello")
    assert said[-1].startswith("250"), said


async def box(office: SortingOffice, role: str) -> MailboxRef:
    found = await mailboxes.by_role(office.engine.reading(), office.bob, role)
    return MailboxRef(office.bob, found.mailbox_id)


async def within(office: SortingOffice, role: str) -> list[Message]:
    return await messages.listing(office.engine.reading(), await box(office, role))


async def mark(office: SortingOffice, role: str, mode: Mode, *keywords: str, flags: int = 0) -> None:
    ref = await box(office, role)
    asked = FlagChange(mode, flags, keywords)
    await office.engine.write(lambda tx: flagging.store_flags(tx, ref, [(1, 1000)], asked))


async def test_a_muted_conversation(office: SortingOffice) -> None:
    await send(office, FIRST)
    await mark(office, "inbox", Mode.ADD, "$Muted", "holiday")
    for number in (2, 3):
        await send(office, REPLY.format(number))
    await send(office, OTHER)
    assert [one.keywords for one in await within(office, "inbox")] == ["$muted holiday", ""]
    archived = await within(office, "archive")
    assert [(one.flags & Flag.SEEN, one.keywords) for one in archived] == [(Flag.SEEN, muting.MUTED)] * 2
    counts = await mailboxes.by_role(office.engine.reading(), office.bob, "archive")
    assert (counts.n_total, counts.n_unseen) == (2, 0)
    links = await journal.of_email(office.engine.reading(), office.bob, archived[0].email_id)
    told = [event for hop in await office.hops(links[0].accept_id) for event in hop.events]
    assert [one.where for one in told if isinstance(one, Outcome)] == ["Archive"]


async def test_the_journey_says_the_name_that_the_mailbox_has(office: SortingOffice) -> None:
    await send(office, FIRST)
    await mark(office, "inbox", Mode.ADD, muting.MUTED)
    archive = await box(office, "archive")
    await office.engine.write(lambda tx: mailboxes.rename(tx, archive, mailboxes.TOP, "Old mail"))
    await send(office, REPLY.format(2))
    (archived,) = await within(office, "archive")
    (link,) = await journal.of_email(office.engine.reading(), office.bob, archived.email_id)
    told = [event for hop in await office.hops(link.accept_id) for event in hop.events]
    assert [one.where for one in told if isinstance(one, Outcome)] == ["Old mail"]


async def test_it_stays_when_the_first_message_goes_and_ends_when_it_is_heard_again(
    office: SortingOffice,
) -> None:
    await send(office, FIRST)
    await mark(office, "inbox", Mode.ADD, muting.MUTED)
    await send(office, REPLY.format(2))
    await mark(office, "inbox", Mode.ADD, flags=Flag.DELETED)
    await send(office, REPLY.format(3))
    assert len(await within(office, "archive")) == 2
    await mark(office, "archive", Mode.REMOVE, muting.MUTED)
    await send(office, REPLY.format(4))
    assert [one.flags & Flag.SEEN for one in await within(office, "inbox")][-1] == 0
    assert len(await within(office, "archive")) == 2


async def test_a_word_that_only_looks_like_it(office: SortingOffice) -> None:
    await send(office, FIRST)
    await mark(office, "inbox", Mode.ADD, "$muted2", "not$muted")
    await send(office, REPLY.format(2))
    assert len(await within(office, "inbox")) == 2


async def test_without_an_archive_it_is_read_where_it_comes(office: SortingOffice) -> None:
    await office.engine.write(lambda tx: tx.execute("UPDATE mailboxes SET role = '' WHERE role = 'archive'"))
    await send(office, FIRST)
    await mark(office, "inbox", Mode.ADD, muting.MUTED)
    await send(office, REPLY.format(2))
    assert [one.flags & Flag.SEEN for one in await within(office, "inbox")] == [0, Flag.SEEN]


class Junk(MxDoor):
    """Finds everything suspicious."""

    async def mail(self, client: Any, incoming: Any) -> None:
        incoming.junk = True


async def test_junk_stays_junk(office: SortingOffice) -> None:
    await send(office, FIRST)
    await mark(office, "inbox", Mode.ADD, muting.MUTED)
    await send(office, REPLY.format(2), Junk(office.premises()))
    assert [one.keywords for one in await within(office, "junk")] == [""]
    assert await within(office, "archive") == []
