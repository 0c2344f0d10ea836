"""GETQUOTA, GETQUOTAROOT, SETQUOTA.

RFC 9208 §4.1, §5.1 (STORAGE in units of 1024 octets), §5.2 (MESSAGE), §6 (who may ask). Each account is a quota root, `#user/` and its address; one
without limits has none. Not here: who may set limits (`store.directory.quota`), what happens to a message that is too much.
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.quota import GetQuota, GetQuotaRoot, SetQuota
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.mailboxes import names
from postroom.store.directory import quota
from postroom.store.directory.quota import Quota
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl
from postroom.store.mailboxes.rights import Right, require

ROOT: Final = "#user/"
KIB: Final = 1024
LAST: Final = (1 << 63) - 1  # octets or messages; a limit beyond it is rounded to it
RESOURCES: Final = ("STORAGE", "MESSAGE")


async def get_quota(conversation: Conversation, command: GetQuota) -> Answer:
    """The limits of an account: one's own, or one in which one may read a mailbox."""

    async def look(tx: Transaction) -> Quota:
        if not command.root.startswith(ROOT):
            return Quota()
        address = command.root.removeprefix(ROOT)
        if address == conversation.address:
            return await quota.get(tx, conversation.account_id)
        owner = await acl.account_of(tx, address)
        if owner is not None and await quota.may_set(tx, conversation.account_id):
            return await quota.get(tx, owner)
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


async def set_quota(conversation: Conversation, command: SetQuota) -> Answer:
    """The administrator's: new limits of an account, without those that are not named (RFC 9208 §4.1.3)."""
    limits = dict(command.limits)
    if any(resource not in RESOURCES for resource in limits):
        raise Refusal(f"There are limits of {' and '.join(RESOURCES)}", "CANNOT")
    if len(limits) < len(command.limits):
        raise Refusal("A limit is named once", status="BAD")
    if 0 in limits.values():
        raise Refusal("A limit is at least 1; for none, leave the resource out", "CANNOT")
    most = quota.Quota(
        most_bytes=min(limits.get("STORAGE", 0) * KIB, LAST), most_messages=limits.get("MESSAGE", 0)
    )

    async def work(tx: Transaction) -> Quota:
        if not await quota.may_set(tx, conversation.account_id):
            raise Refusal("Only the administrator sets quotas", "NOPERM")
        owner = None
        if command.root.startswith(ROOT):
            owner = await acl.account_of(tx, command.root.removeprefix(ROOT))
        if owner is None:
            raise Refusal("No such quota root", "NONEXISTENT")
        return await quota.limit(tx, conversation.account_id, owner, most)

    _tell(conversation, command.root, await conversation.write(work))
    return Answer("The limits are set")


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


HANDLERS: Final[Handlers] = {GetQuota: get_quota, GetQuotaRoot: get_quota_root, SetQuota: set_quota}
