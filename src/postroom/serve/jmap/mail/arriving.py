"""Emails that a client makes, imports or copies come into an account: one transaction files a message in all its mailboxes.

RFC 8621 §4.6 to §4.8. Not here: where the message comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from postroom.deliver.filing import discard_undone
from postroom.message.errors import MailError
from postroom.message.ids import IdKind, id_text
from postroom.message.summary.summary import Summary, summarize
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.capabilities import MOST_MAILBOXES
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.octets import apart
from postroom.store.blobs.blobs import BlobRef
from postroom.store.changes import Change
from postroom.store.emails import copying
from postroom.store.emails.arriving import arrive
from postroom.store.emails.delivery import Delivered, Delivery
from postroom.store.emails.emails import KEYWORDS
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.flags import MAX_KEYWORDS, Flag, is_keyword
from postroom.store.mailboxes.rights import Right

_FLAG_OF: Final = {name: flag for flag, name in KEYWORDS.items()}


class Placing(msgspec.Struct, frozen=True):
    """Where an email goes, with which keywords; `received` is unix microseconds."""

    mailboxes: Sequence[int]
    keywords: Sequence[str]
    received: int


def mailboxes_given(call: Call, folders: Folders, given: Any) -> list[int]:
    """The mailboxes of a `mailboxIds`; raises `Refused` for none, and for one that there is not."""
    if not isinstance(given, dict) or not given or any(value is not True for value in given.values()):
        raise invalid("mailboxIds", "at least one mailbox, each with the value true")
    if len(given) > MOST_MAILBOXES:
        raise Refused("tooManyMailboxes", f"an email is in at most {MOST_MAILBOXES} mailboxes")
    found: dict[int, None] = {}
    for written in given:
        try:
            folder = folders.named(call.meant(written))
        except Refused:
            folder = None
        if folder is None:
            raise invalid("mailboxIds", f"there is no mailbox {written[:100]!r}")
        found[folder.mailbox.mailbox_id] = None
    return list(found)


def keywords_given(given: Any) -> list[str]:
    """The keywords of a `keywords`, in lower case, sorted; raises `Refused`."""
    if given is None:
        return []
    if not isinstance(given, dict) or any(value is not True for value in given.values()):
        raise invalid("keywords", "each keyword has the value true")
    wrong = [name for name in given if not is_keyword(name)]
    if wrong:
        raise invalid("keywords", f"{wrong[0][:100]!r} is no keyword")
    if len(given) > MAX_KEYWORDS:
        raise Refused("tooManyKeywords", f"an email has at most {MAX_KEYWORDS} keywords")
    return sorted({name.lower() for name in given})


class Arrivals:
    """Files messages in one account."""

    def __init__(self, call: Call, folders: Folders) -> None:
        self._call = call
        self._folders = folders

    async def file(self, raw: bytes, placing: Placing) -> Object:
        """A new email of these octets; gives its `id`, `blobId`, `threadId`, `size`. Raises `OverQuota`, `NoSpace`, `NotPermitted`, `Refused`."""
        call, account_id = self._call, self._folders.account_id
        for box in placing.mailboxes:
            if Right.INSERT not in self._folders[box].rights:
                raise Refused("forbidden", "mail may not be put into one of these mailboxes")
        call.service.check_disk(len(raw))
        summary = await apart(len(raw), summarize, raw)
        number = call.service.ids.next()
        body = await call.store.durable(account_id, number, raw)
        delivery = self._delivery((number, body, len(raw)), summary, placing)
        try:
            delivered, changes = await call.write(lambda tx: self._put(tx, delivery, placing.mailboxes))
        except MailError as error:
            await discard_undone(call.store.discard, [delivery], error)
            raise
        call.publish(changes)
        return {
            "id": id_text(IdKind.EMAIL, delivered.email_id),
            "blobId": str(BlobId(delivered.email_id)),
            "threadId": id_text(IdKind.THREAD, delivered.thread_id),
            "size": len(raw),
        }

    def _delivery(
        self, body: tuple[int, bytes | BlobRef, int], summary: Summary, placing: Placing
    ) -> Delivery:
        number, raw, size = body
        return Delivery(
            account_id=self._folders.account_id,
            mailbox_id=placing.mailboxes[0],
            email_id=number,
            raw=raw,
            size=size,
            summary=summary.pack(),
            internaldate=placing.received,
            now=self._call.service.now(),
            message_ids=tuple(summary.thread_ids),
            subject=summary.base_subject,
            flags=sum(_FLAG_OF.get(word, Flag(0)) for word in placing.keywords),
            keywords=tuple(word for word in placing.keywords if word not in _FLAG_OF),
        )

    async def _put(
        self, tx: Transaction, delivery: Delivery, boxes: Sequence[int]
    ) -> tuple[Delivered, list[Change]]:
        first = self._call.ref(self._folders.account_id, boxes[0])
        (delivered,) = await arrive(tx, first, [delivery])
        changes: list[Change] = [delivered.change]
        span = [(delivered.uid, delivered.uid)]
        for box in boxes[1:]:
            changes += (await copying.copy(tx, first, box, span, delivery.now)).changes
        return delivered, changes
