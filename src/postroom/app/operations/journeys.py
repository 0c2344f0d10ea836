"""The operation that shows a message's journey: hops as the journal has them, for `message.journey.timeline` to tell.

RFC 5321 §7.2: the whole journey names recipients of blind copies, so that only administrators may ask here; what one recipient may see of it
is `message.journey.visibility`'s business, for doors that know who asks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import Office, Operation, own_address
from postroom.message.ids import IdKind, id_text, parse_id
from postroom.message.journey.events import Handled, Outcome
from postroom.store import journal
from postroom.store.administration import accounts
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl

SLICE = 200
MOST_LISTED = 1000


class WantedJourney(msgspec.Struct, frozen=True):
    """By its id (J…), or by the id of an email (M…) it brought, of `account` or of anybody; "" is the last one."""

    id: str = ""
    account: str = ""


class ListJourneys(msgspec.Struct, frozen=True):
    """The youngest so many."""

    limit: int = 20


class JourneyRecord(msgspec.Struct, frozen=True):
    """A journey: its hops, packed as `message.journey.events.Hop.unpack` reads them."""

    id: str
    hops: list[bytes]


class JourneyContent(msgspec.Struct, frozen=True):
    """The message of a journey as it was filed."""

    id: str
    content: bytes


class JourneySummary(msgspec.Struct, frozen=True):
    """A journey in a listing; `began` unix microseconds."""

    id: str
    began: int
    hops: int


async def show(office: Office, _: Caller, wanted: WantedJourney) -> AsyncIterator[JourneyRecord]:
    """Yields the journey, or the journeys that an email came by."""
    tx = office.engine.reading()
    for accept_id in await _ids(tx, wanted):
        rows = await journal.read(tx, accept_id)
        if not rows:
            raise OperationError(
                f"no journey is kept under {wanted.id}: it never was, or is older than [journey] days"
            )
        yield JourneyRecord(id_text(IdKind.JOURNEY, accept_id), [row.packed for row in rows])


async def content(office: Office, _: Caller, wanted: WantedJourney) -> AsyncIterator[JourneyContent]:
    """Yields what the journeys brought, as far as somebody here has it still: their messages, which only administrators may read so."""
    tx = office.engine.reading()
    for accept_id in await _ids(tx, wanted):
        for account_id in await _reached(tx, accept_id):
            email_id = await journal.brought(tx, account_id, accept_id)
            octets = await office.message(account_id, email_id) if email_id is not None else None
            if octets is not None:
                yield JourneyContent(id_text(IdKind.JOURNEY, accept_id), octets)
                break


async def list_(office: Office, _: Caller, wanted: ListJourneys) -> AsyncIterator[JourneySummary]:
    """Yields the youngest journeys, youngest first."""
    most = max(1, min(wanted.limit, MOST_LISTED))
    for found in await journal.last(office.engine.reading(), most):
        yield JourneySummary(id_text(IdKind.JOURNEY, found.accept_id), found.began, found.hops)


async def _ids(tx: Transaction, wanted: WantedJourney) -> list[int]:
    if not wanted.id:
        last = await journal.last(tx, 1)
        if not last:
            raise OperationError("there is no journey yet: no message has been accepted")
        return [last[0].accept_id]
    accept_id = parse_id(IdKind.JOURNEY, wanted.id)
    if accept_id is not None:
        return [accept_id]
    email_id = parse_id(IdKind.EMAIL, wanted.id)
    if email_id is None:
        raise OperationError(
            f"{wanted.id!r} is no id of a journey (J…) or an email (M…): the 250 after DATA names it"
        )
    found = await _of_email(tx, email_id, wanted.account)
    if not found:
        raise OperationError(f"no journey is kept for the email {wanted.id}")
    return found


async def _reached(tx: Transaction, accept_id: int) -> list[int]:
    """The accounts of those whom a journey has reached, and of those who have read."""
    events = [event for row in await journal.read(tx, accept_id) for event in row.hop().events]
    names = [event.address for event in events if isinstance(event, Outcome)]
    names += [event.actor for event in events if isinstance(event, Handled)]
    found = [await acl.account_of(tx, name) for name in dict.fromkeys(names)]
    return [account_id for account_id in found if account_id is not None]


async def _of_email(tx: Transaction, email_id: int, account: str) -> list[int]:
    """Ids are made by nodes, not by accounts: an email's is in one account only, but its row is found by both."""
    if account:
        found = await accounts.get(tx, await own_address(tx, account))
        return [link.accept_id for link in await journal.of_email(tx, found.account_id, email_id)]
    after = ""
    while some := await accounts.listing(tx, "", after, SLICE):
        for one in some:
            links = await journal.of_email(tx, one.account_id, email_id)
            if links:
                return [link.accept_id for link in links]
        after = some[-1].address.key
    return []


SHOW = Operation("journey.show", WantedJourney, JourneyRecord, show, reads=True)
CONTENT = Operation("journey.content", WantedJourney, JourneyContent, content, reads=True)
LIST = Operation("journey.list", ListJourneys, JourneySummary, list_, reads=True)
