"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE.

RFC 9051 §6.3.4 to §6.3.8, §6.3.10 (and §6.3.9.7: a name that was written otherwise is told as it is kept), RFC 6154 §3, RFC 8474 §4.1, RFC 2342 §5. A
mailbox with mailboxes below is not deleted (HASCHILDREN), so every mailbox that is listed as one exists. Not here: LIST and STATUS.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.imap import rendering
from postroom.proto.imap.commands.mailboxes import Create, Delete, Rename, Subscribe
from postroom.proto.imap.verb import State
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.mailboxes import names
from postroom.store.changes import Change, MailboxChanged
from postroom.store.emails import copying, expunge
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes, messages, tree
from postroom.store.mailboxes.mailboxes import Mailbox
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, require
from postroom.store.mailboxes.tree import RoleTaken
from postroom.store.records import share_notices

AT_ONCE: Final = 2_000  # messages that one transaction moves
_VIRTUAL: Final = frozenset(("all", "flagged"))  # no mailbox can be made for these


async def create(conversation: Conversation, command: Create) -> Answer:
    """Makes a mailbox, and the ones above that are missing; its id is told (RFC 8474 §4.1)."""
    role = _role(command.uses)
    name = command.mailbox.removesuffix(names.SEPARATOR)
    service = conversation.service

    async def work(tx: Transaction) -> list[Change]:
        place = await names.place(conversation, tx, name)
        return list(await tree.create(tx, place, role, service.ids, service.now()))

    try:
        changes = await conversation.write(work)
    except RoleTaken as error:
        raise Refusal(error.public, "USEATTR") from None
    conversation.publish(changes)
    _tell_normal(conversation, name)
    made = changes[-1]
    assert isinstance(made, MailboxChanged)
    return Answer("Created", f"MAILBOXID ({id_text(IdKind.MAILBOX, made.mailbox_id)})")


def _role(uses: tuple[str, ...]) -> str:
    if not uses:
        return ""
    if len(uses) > 1 or not uses[0] or uses[0] in _VIRTUAL:
        raise Refusal("A mailbox has one use, of those that LIST shows or \\Important", "USEATTR")
    return uses[0]


async def delete(conversation: Conversation, command: Delete) -> Answer:
    """Deletes a mailbox with what is in it. A subscription stays (RFC 9051 §6.3.7)."""
    ref = await conversation.snapshot(lambda tx: names.find(conversation, tx, command.mailbox))
    now = conversation.service.now()

    async def work(tx: Transaction) -> tuple[list[Change], bool]:
        await mailboxes.hold(tx, ref.account_id)  # so that nobody renames it behind this look
        await _must_lead_to(conversation, tx, command.mailbox, ref)
        if (await mailboxes.get(tx, ref)).subscribed and ref.account_id == conversation.account_id:
            await tree.subscribe(tx, conversation.account_id, names.normal(command.mailbox))
        return await expunge.delete(tx, ref, now)

    more = True
    while more:
        changes, more = await conversation.write(work)
        if not more:
            _leave(conversation, ref)
        conversation.publish(changes)
    _tell_normal(conversation, command.mailbox, b"\\NonExistent")
    return Answer("Deleted")


async def _must_lead_to(conversation: Conversation, tx: Transaction, name: str, ref: MailboxRef) -> None:
    """Raises `NoSuchMailbox` when others have renamed the mailbox meanwhile, and perhaps given its name to another: neither was meant."""
    if await names.find(conversation, tx, name) != ref:
        raise NoSuchMailbox


def _leave(conversation: Conversation, ref: MailboxRef) -> None:
    """Who deletes the mailbox that he has selected has none selected then."""
    view = conversation.view
    if view is not None and view.ref.mailbox_id == ref.mailbox_id:
        conversation.shut()
        conversation.machine.state = State.AUTHENTICATED
        conversation.out.status(b"*", "OK", "The mailbox that was selected is deleted", "CLOSED")


async def rename(conversation: Conversation, command: Rename) -> Answer:
    """Renames a mailbox with all below it; the INBOX gives the messages it has to a new mailbox and stays (RFC 9051 §6.3.6)."""
    service = conversation.service
    new = command.new.removesuffix(names.SEPARATOR)

    async def work(tx: Transaction) -> tuple[MailboxRef, Mailbox, list[Change]]:
        place = await names.place(conversation, tx, new)
        await mailboxes.hold(tx, place.account_id)  # so that nobody else renames meanwhile what is found
        ref = await names.find(conversation, tx, command.mailbox)
        mailbox = await mailboxes.get(tx, ref)
        if mailbox.role == "inbox":
            await require(tx, ref, Right.DELETE_MAILBOX, Right.DELETE_MESSAGE, Right.EXPUNGE, Right.READ)
            await tree.must_be_near(tx, ref, place)
            return ref, mailbox, list(await tree.create(tx, place, "", service.ids, service.now()))
        return ref, mailbox, list(await tree.rename(tx, ref, place, service.ids, service.now()))

    ref, mailbox, changes = await conversation.write(work)
    conversation.publish(changes)
    if mailbox.role == "inbox":
        made = changes[-1]
        assert isinstance(made, MailboxChanged)
        await _empty(conversation, ref, made.mailbox_id, mailbox.uidnext)
    if names.normal(command.mailbox) != command.mailbox or names.normal(new) != new:
        _tell_list(conversation, names.normal(new), command.mailbox)
    return Answer("Renamed")


async def _empty(conversation: Conversation, source: MailboxRef, target_id: int, before: int) -> None:
    """Moves what has a uid below `before`, in slices; mail that comes meanwhile stays."""
    while copies := await messages.sizes(conversation.reading, source, 0, AT_ONCE):
        if copies[0].uid >= before:
            return
        span = [(copies[0].uid, min(copies[-1].uid, before - 1))]
        now = conversation.service.now()
        moved = await conversation.write(
            partial(copying.move, source=source, target_id=target_id, ranges=span, now=now)
        )
        conversation.publish(moved.changes)


async def subscribe(conversation: Conversation, command: Subscribe) -> Answer:
    """Marks a mailbox as one that its user wants to see. One may unsubscribe from what is there no more."""
    account_id = conversation.account_id
    name = names.normal(command.mailbox).removesuffix(names.SEPARATOR)
    others: MailboxRef | None = None

    async def work(tx: Transaction) -> list[Change]:
        if not command.subscribed:
            await tree.unsubscribe(tx, account_id, name)
        try:
            ref = await names.find(conversation, tx, name)
        except NoSuchMailbox:
            if command.subscribed:
                raise
            return [MailboxChanged(account_id, 0, 0)]
        if ref.account_id == account_id:
            return [await mailboxes.subscribe(tx, ref, subscribed=command.subscribed)]
        nonlocal others
        others = ref
        if command.subscribed:
            await tree.subscribe(tx, account_id, name)
            settled = await share_notices.settle(tx, ref, conversation.service.now())
            return [MailboxChanged(account_id, 0, ref.mailbox_id), *settled]
        return [MailboxChanged(account_id, 0, ref.mailbox_id)]

    conversation.publish(await conversation.write(work))
    if others is not None:  # of another account, so by another commit
        conversation.publish([await conversation.write(partial(mailboxes.touch, mailbox=others))])
    return Answer("Subscribed" if command.subscribed else "Unsubscribed")


def _tell_normal(conversation: Conversation, written: str, attribute: bytes = b"") -> None:
    """A name that the client writes in another form than it is kept (RFC 9051 §6.3.9.7)."""
    if names.normal(written) != written:
        _tell_list(conversation, names.normal(written), written, attribute)


def _tell_list(conversation: Conversation, name: str, old: str, attribute: bytes = b"") -> None:
    utf8 = conversation.machine.utf8
    told = (attribute, rendering.name(name, utf8=utf8), rendering.name(old, utf8=utf8))
    conversation.out.untagged(b'LIST (%b) "/" %b ("OLDNAME" (%b))' % told)


HANDLERS: Final[Handlers] = {
    Create: create,
    Delete: delete,
    Rename: rename,
    Subscribe: subscribe,
}
