"""Whom a user may see: the accounts of his own domain, unless a setting hides them, and whoever he shares something with already.

RFC 9670 §2, §6 (what is told of others is to be considered): names and addresses, nothing else. Those of other domains are not listed; they are found by
their id when they share something with the user, or stand in the list of a mailbox or record that he may share. Not here: how they look in JMAP (`principal`).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from postroom.message.address import parse_mailbox
from postroom.serve.jmap.methods.call import Call
from postroom.store.directory import principals
from postroom.store.directory.principals import Person
from postroom.store.mailboxes import acl
from postroom.store.mailboxes.rights import Right
from postroom.store.records import acl as record_acl
from postroom.store.records.acl import RecordRight
from postroom.store.records.records import Kind


class Circle(msgspec.Struct, frozen=True):
    """The user himself, and his domain; `listed`: whether he may see who else has an account there."""

    own: Person
    domain: str
    listed: bool


async def circle(call: Call) -> Circle:
    """The circle of who asks."""
    own_id = call.visitor.account_id
    own = (await principals.some(call.reading, [own_id])).get(
        own_id, Person(own_id, call.visitor.address, "")
    )
    return Circle(own, domain_of(own), call.service.lists_domain)


def domain_of(person: Person) -> str:
    """The domain of somebody's address."""
    parsed = parse_mailbox(person.address)
    return "" if parsed is None else parsed.domain


async def _listed_with(call: Call) -> set[int]:
    """Who stands in a list that the user may read."""
    who = call.visitor.account_id
    found = set(await principals.shared_by(call.reading, who))
    found |= await record_acl.grantees(call.reading, who)
    for account_id, kinds in (await call.shared_records()).items():
        for kind, given in kinds.items():
            if any(RecordRight.SHARE in letters for letters in given.values()):
                for grants in (await record_acl.lists(call.reading, Kind(account_id, kind), who)).values():
                    found |= {one.grantee_id for one in grants}
    for account_id, boxes in (await call.shared()).items():
        if any(Right.ADMINISTER in letters for letters in boxes.values()):
            for entries in (await acl.lists(call.reading, account_id, who)).values():
                found |= {one.grantee_id for one in entries}
    return found


async def visible(call: Call, account_ids: Iterable[int]) -> dict[int, Person]:
    """Those of these accounts that who asks may see."""
    around = await circle(call)
    found = await principals.some(call.reading, set(account_ids))
    known = {around.own.account_id, *await call.sharers()}
    if any(number not in known for number in found):
        known |= await _listed_with(call)
    return {
        number: one
        for number, one in found.items()
        if number in known or (around.listed and domain_of(one) == around.domain)
    }
