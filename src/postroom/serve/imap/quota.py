"""GETQUOTA, GETQUOTAROOT.

RFC 9208 §4.1, §5.1 (STORAGE in units of 1024 octets), §5.2 (MESSAGE), §6 (who may ask). Each account is a quota root, `#user/` and its address; one
without limits has none. Not here: what happens to a message that is too much.
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.quota import GetQuota, GetQuotaRoot
from postroom.serve.imap import names
from postroom.serve.imap.conversation import Answer, Conversation, Handlers, Refusal
from postroom.store import acl, quota
from postroom.store.engine import Transaction
from postroom.store.quota import Quota
from postroom.store.rights import Right, require

ROOT: Final = "#user/"
KIB: Final = 1024


async def get_quota(conversation: Conversation, command: GetQuota) -> Answer:
    """The limits of an account: one's own, or one in which one may read a mailbox."""

    async def look(tx: Transaction) -> Quota:
        if not command.root.startswith(ROOT):
            return Quota()
        address = command.root.removeprefix(ROOT)
        if address == conversation.address:
            return await quota.get(tx, conversation.account_id)
        owner = await acl.account_of(tx, address)
        shared = await acl.shared_with(tx, conversation.account_id)
        if owner is None or not any(Right.READ in rights for rights in shared.get(owner, {}).values()):
            return Quota()
        return await quota.get(tx, owner)

    found = await conversation.snapshot(look)
    if not _limited(found):
        raise Refusal("No such quota root", "NONEXISTENT")
    _tell(conversation, command.root, found)
    return Answer("That is the quota")


async def get_quota_root(conversation: Conversation, command: GetQuotaRoot) -> Answer:
    """The account that a mailbox is in, which need not be there if it would be one's own (RFC 9208 §4.1.2)."""

    async def look(tx: Transaction) -> tuple[str, Quota]:
        place = await names.place(conversation, tx, command.mailbox)
        if place.account_id == conversation.account_id:
            return conversation.address, await quota.get(tx, place.account_id)
        await require(tx, await names.find(conversation, tx, command.mailbox), Right.READ)
        addresses = await acl.addresses_of(tx, [place.account_id])
        return addresses[place.account_id], await quota.get(tx, place.account_id)

    address, found = await conversation.snapshot(look)
    written = rendering.name(names.normal(command.mailbox), utf8=conversation.machine.utf8)
    if not _limited(found):
        conversation.out.untagged(b"QUOTAROOT " + written)
        return Answer("There is no limit")
    root = ROOT + address
    conversation.out.untagged(b"QUOTAROOT %b %b" % (written, rendering.string(root.encode())))
    _tell(conversation, root, found)
    return Answer("That is the quota")


def _limited(found: Quota) -> bool:
    return bool(found.most_bytes or found.most_messages)


def _tell(conversation: Conversation, root: str, found: Quota) -> None:
    resources = []
    if found.most_bytes:  # what is used is rounded up, so that nothing looks free that is not
        resources.append(f"STORAGE {-(-found.used_bytes // KIB)} {found.most_bytes // KIB}")
    if found.most_messages:
        resources.append(f"MESSAGE {found.used_messages} {found.most_messages}")
    listed = " ".join(resources).encode()
    conversation.out.untagged(b"QUOTA %b (%b)" % (rendering.string(root.encode()), listed))


HANDLERS: Final[Handlers] = {GetQuota: get_quota, GetQuotaRoot: get_quota_root}
