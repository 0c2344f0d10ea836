"""Journey/get: what happened to an email, as far as who asks may know it; every line of the dialogues with its meaning.

Of the vendor's capability, for one's own account alone. Whoever has sent a message after logging in sees all of its journey but what its recipients did with it; anybody else what is his own
(RFC 5321 §7.2: blind copies). Not here: what may be seen (`message.journey.visibility`), how it is told (`message.journey.told`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from postroom.message.address import fold
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Authenticated, Hop, HopKind
from postroom.message.journey.told import told, under_way
from postroom.message.journey.visibility import for_sender, viewer_of, visible_to
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.submission.submission_records import KIND, read
from postroom.store import journal
from postroom.store.emails import emails
from postroom.store.records import records
from postroom.store.records.records import Kind

MOST_JOURNEYS: Final = 5  # of one email
MOST_SLICES: Final = 4  # of submissions behind an email, among which its own are looked for


class JourneyGet(Arguments, frozen=True, kw_only=True):
    """Of an email that was received, or sent."""

    account_id: Id
    email_id: Id


async def get(call: Call, arguments: JourneyGet) -> Object:
    """The journeys, each with its hops, the oldest first; none where nothing is kept any more."""
    account_id = await call.own_account(arguments.account_id)
    number = number_of(IdKind.EMAIL, arguments.email_id)
    reader = (await Folders.read(call, account_id)).reader
    if number is None or number not in await emails.copies(call.reading, reader, [number]):
        raise MethodError("invalidArguments", "there is no such email", arguments=["emailId"])
    wanted = await _journeys(call, account_id, number)
    shown = []
    for accept_id in sorted(wanted)[:MOST_JOURNEYS]:
        rows = await journal.read(call.reading, accept_id)
        packed = [row.packed for row in rows]
        if packed:
            call.hold(sum(map(len, packed)))
            made = await asyncio.to_thread(_journey, packed, call.visitor.address, wanted[accept_id])
            shown.append({"id": id_text(IdKind.JOURNEY, accept_id), **made})
    return {"accountId": arguments.account_id, "emailId": arguments.email_id, "list": shown}


async def _journeys(call: Call, account_id: int, email_id: int) -> dict[int, list[int]]:
    """The recipient numbers of who asks, by the journey: those by which the email came, and those in which it was sent."""
    found: dict[int, list[int]] = {}
    for link in await journal.of_email(call.reading, account_id, email_id):
        found.setdefault(link.accept_id, []).append(link.rcpt)
    written, after = id_text(IdKind.EMAIL, email_id), email_id
    for _ in range(MOST_SLICES):  # an email is there before it is sent, and ids grow
        some = await records.listing(call.reading, Kind(account_id, KIND), after)
        for one in some:
            submitted = read(one)
            if submitted.what.email_id == written:
                found.setdefault(submitted.what.accept_id, [])
        if not some:
            break
        after = some[-1].record_id
    return found


def _journey(packed: Sequence[bytes], address: str, numbers: Sequence[int]) -> Object:
    hops = [Hop.unpack(one) for one in packed]
    sender = _is_sender(hops, address)
    viewer = viewer_of(address, numbers=numbers)
    seen = for_sender(hops, viewer) if sender else visible_to(hops, viewer)
    return {"whole": sender, "underWay": under_way(seen), "hops": told(seen)}


def _is_sender(hops: Sequence[Hop], address: str) -> bool:
    """Whether the message came in from somebody who had logged in as this account."""
    return any(
        isinstance(event, Authenticated) and fold(event.user) == fold(address)
        for hop in hops
        if hop.kind is HopKind.RECEIVED
        for event in hop.events
    )


METHODS: Final[Methods] = {"Journey/get": Method(WEBMAIL, JourneyGet, get)}
