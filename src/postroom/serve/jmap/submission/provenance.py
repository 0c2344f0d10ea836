"""Whether who is named as the author of an email that is to be sent once more has written it, as far as this server can know.

Who may send on what another has written could put a message of his own making into his mailbox and send it on under anybody's name, and our SPF record would vouch for it. So an author who is not
the user himself needs a message that came through a door of ours, as its journey shows, and one whose domain is akin to ours needs a proof besides: he had logged in, or DMARC passed
(RFC 9989 §4.4, alignment; RFC 6409 §6.1). Not here: what is written into the message (`message.composing.resending`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from postroom.mailauth.dkim.names import a_labels
from postroom.message.address import Address
from postroom.message.headers.address_list import mailboxes, parse_address_list
from postroom.message.headers.header import Header
from postroom.message.journey.events import Authenticated, Decided, Hop, HopKind
from postroom.proto.jmap.envelopes import MOST_READ, authors
from postroom.proto.jmap.errors import Refused
from postroom.serve.jmap.methods.call import Call
from postroom.serve.jmap.submission.identity import may_use
from postroom.store import journal
from postroom.store.directory import lookup as directory

MOST_LABELS: Final = 20  # of a domain that are looked at
MOST_AUTHORS: Final = 100  # addresses of From and Sender; each is looked up
UNKNOWN: Final = "nobody here knows any more which way this message came: forward it as an attachment"


async def check_authors(call: Call, email_id: int, header: Header, sender: Address) -> None:
    """Raises `Refused` for a message of one's own account that `sender` may not send on under the names it bears."""
    strangers = [one for one in _named(header) if not await may_use(call, one)]
    if not strangers:
        return
    links = await journal.of_email(call.reading, call.visitor.account_id, email_id)
    firsts = [rows[0] for link in links if (rows := await journal.read(call.reading, link.accept_id, 1))]
    if not firsts:
        raise Refused("forbiddenFrom", UNKNOWN)
    akin = [one for one in strangers if await _is_akin(call, one, sender)]
    if akin and not await asyncio.to_thread(_proven, [row.packed for row in firsts]):
        raise Refused(
            "forbiddenFrom", f"it was not proven that {akin[0]} wrote this: forward it as an attachment"
        )


def _named(header: Header) -> list[Address]:
    named = authors(header)
    if named.wrong:
        raise Refused("invalidEmail", "From names no author, or Sender not one", named.wrong)
    found = [
        one.address
        for name in ("From", "Sender")
        for value in header.all(name)
        for one in mailboxes(parse_address_list(value, MOST_READ))
        if one.address is not None
    ]
    if header.truncated or len(found) > MOST_AUTHORS:
        raise Refused("invalidEmail", f"the header is too long, or names more than {MOST_AUTHORS} authors")
    return found


async def _is_akin(call: Call, author: Address, sender: Address) -> bool:
    """Whether a proof for our domain might be taken for one of the author's; more are than DMARC would align, which does no harm."""
    if _organization(author) == _organization(sender):
        return True
    labels = author.domain.split(".")[-MOST_LABELS:]
    above = [
        ".".join(labels[at:]) for at in range(len(labels))
    ]  # our keys sign for what is below a domain, too
    return any([await directory.domain(call.reading, one) is not None for one in above])


def _organization(address: Address) -> list[str]:
    return (a_labels(address.domain) or address.domain).split(".")[-2:]


def _proven(packed: Sequence[bytes]) -> bool:
    return any(_is_proof(Hop.unpack(one)) for one in packed)


def _is_proof(hop: Hop) -> bool:
    """Of the hop by which a message came in: the author had logged in, DMARC passed, or it is a report of ours."""
    if hop.kind is HopKind.REPORT:
        return True
    return any(
        isinstance(event, Authenticated)
        or (isinstance(event, Decided) and (event.what, event.result) == ("dmarc", "pass"))
        for event in hop.events
    )
