"""SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS.

RFC 4314 §3, §2.1.1 (`c` and `d` for clients of RFC 2086), §2 (identifiers: addresses, `anyone`, and both behind `-` for what is denied). Who may do
it is decided in `store.mailboxes.acl`. Not here: what a right allows.
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.acl import VIRTUAL, GetAcl, ListRights, MyRights, SetAcl
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.mailboxes import names
from postroom.store.changes import Change
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl
from postroom.store.mailboxes.rights import ALL, ANYONE, MailboxRef, Right, require, rights_in
from postroom.store.records import share_notices

EVERYBODY: Final = "anyone"


def letters(rights: str) -> bytes:
    """Rights as an answer has them, `""` for none."""
    virtual = "".join(letter for letter, members in VIRTUAL.items() if set(members) & set(rights))
    return (rights + virtual).encode() or b'""'


async def set_acl(conversation: Conversation, command: SetAcl) -> Answer:
    """Changes what one entry gives or denies."""
    identifier = command.identifier.removeprefix("-")
    denies = identifier != command.identifier

    stamp = share_notices.Stamp(conversation.service.ids.next(), conversation.service.now())

    async def work(tx: Transaction) -> list[Change]:
        ref = await names.find(conversation, tx, command.mailbox)
        await require(tx, ref, Right.ADMINISTER)
        grantee_id = await _account(conversation, tx, identifier)
        asked = acl.Change(grantee_id, command.rights, command.mode, denies)
        return await share_notices.change(tx, ref, [asked], stamp)

    conversation.publish(await conversation.write(work))
    return Answer("Rights changed")


async def _account(conversation: Conversation, tx: Transaction, identifier: str) -> int:
    if identifier == EVERYBODY:
        return ANYONE
    if identifier == conversation.address:
        return conversation.account_id
    found = await acl.account_of(tx, identifier)
    if found is None:
        raise Refusal("Rights are given to accounts, by their address, and to anyone", "CANNOT")
    return found


async def get_acl(conversation: Conversation, command: GetAcl) -> Answer:
    """The owner first, who stands in no list and may do everything."""

    async def look(tx: Transaction) -> tuple[MailboxRef, list[acl.Entry], dict[int, str]]:
        ref = await names.find(conversation, tx, command.mailbox)
        entries = await acl.entries(tx, ref)
        known = await acl.addresses_of(tx, [ref.account_id, *(entry.grantee_id for entry in entries)])
        return ref, entries, known

    ref, entries, known = await conversation.snapshot(look)
    known[ANYONE] = EVERYBODY
    if ref.account_id == conversation.account_id:
        known[ref.account_id] = conversation.address
    told = [_written(conversation, command.mailbox)]
    told += [_identifier(known[ref.account_id]), letters(ALL)]
    for entry in entries:
        if entry.grantee_id in known and entry.rights:
            told += [_identifier(known[entry.grantee_id]), letters(entry.rights)]
        if entry.grantee_id in known and entry.denied:
            told += [_identifier("-" + known[entry.grantee_id]), letters(entry.denied)]
    conversation.out.untagged(b"ACL " + b" ".join(told))
    return Answer("Those are the rights")


async def list_rights(conversation: Conversation, command: ListRights) -> Answer:
    """What can be given: the owner has everything, others may have each right by itself."""

    async def look(tx: Transaction) -> bool:
        ref = await names.find(conversation, tx, command.mailbox)
        await require(tx, ref, Right.ADMINISTER)
        return await _account(conversation, tx, command.identifier.removeprefix("-")) == ref.account_id

    is_owner = await conversation.snapshot(look)
    virtual = "".join(VIRTUAL)
    rights = letters(ALL) if is_owner else b'"" ' + " ".join(ALL + virtual).encode()
    told = (_written(conversation, command.mailbox), _identifier(command.identifier), rights)
    conversation.out.untagged(b"LISTRIGHTS %b %b %b" % told)
    return Answer("Those rights can be given")


async def my_rights(conversation: Conversation, command: MyRights) -> Answer:
    """What the one who is logged in may do."""

    async def look(tx: Transaction) -> str:
        return await rights_in(tx, await names.find(conversation, tx, command.mailbox))

    rights = await conversation.snapshot(look)
    conversation.out.untagged(b"MYRIGHTS %b %b" % (_written(conversation, command.mailbox), letters(rights)))
    return Answer("Those are your rights")


def _written(conversation: Conversation, name: str) -> bytes:
    return rendering.name(names.normal(name), utf8=conversation.machine.utf8)


def _identifier(identifier: str) -> bytes:
    return rendering.astring(identifier.encode())


HANDLERS: Final[Handlers] = {
    SetAcl: set_acl,
    GetAcl: get_acl,
    ListRights: list_rights,
    MyRights: my_rights,
}
