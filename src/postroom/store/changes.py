"""What changed, as values: a store function returns them, and whoever made it commit publishes them, never before.

    change = await store.engine.write(lambda tx: expunge(tx, mailbox, uids, now))
    store.changes.publish(change)

A change says what to look at, not what is there: sessions read the store, by modseq. So one that is lost only delays, and a subscriber who
does not keep up gets a single `Missed` instead of a long queue. Not here: other processes (`notify`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from typing import Final

import msgspec

MAX_PENDING: Final = 500  # changes that wait for one subscriber
PROCESSES: Final = 0  # no account's id: what processes subscribe to that are to hear announcements
SHARED: Final = "shared"  # the topic of what everybody may hear: a mailbox was opened to anyone, or closed


class Change(msgspec.Struct, frozen=True, tag_field="k", array_like=True):
    """The base: which account, and its modseq after the change."""

    account_id: int
    modseq: int


class MessageAdded(Change, frozen=True, tag="added"):
    """A copy came into a mailbox."""

    mailbox_id: int
    uid: int


class MessagesExpunged(Change, frozen=True, tag="expunged"):
    """Copies left a mailbox; uids ascend."""

    mailbox_id: int
    uids: tuple[int, ...]


class FlagsChanged(Change, frozen=True, tag="flags"):
    """Flags or keywords of copies changed; uids ascend."""

    mailbox_id: int
    uids: tuple[int, ...]


class MailboxChanged(Change, frozen=True, tag="mailbox"):
    """A mailbox was made, renamed, subscribed to or deleted, or who may do what in it changed.

    Of another's mailbox that an account was subscribed to, or was given rights in, with modseq 0: nothing of its own has changed.
    """

    mailbox_id: int


class MetadataChanged(Change, frozen=True, tag="metadata"):
    """Entries (RFC 5464) of a mailbox, or of the account where `mailbox_id` is 0, were set or removed. `author_id`: whose the private ones are."""

    mailbox_id: int
    entries: tuple[str, ...]
    author_id: int


class RecordsChanged(Change, frozen=True, tag="records"):
    """Things of an account that are no mail (`records`) were made, changed or removed; all of one kind."""

    kind: str


class Shown(Change, frozen=True, tag="shown"):
    """A message that its sender asked to have shown at once on open terminals (SEND and SAML of RFC 821 §3.4)."""

    email_id: int


class Missed(Change, frozen=True, tag="missed"):
    """Something changed; what it was is not known any more."""


class Announced(Change, frozen=True, tag="announced"):
    """For the processes that use this store, of no account: `topic` says what has happened, `words` to what."""

    topic: str
    words: tuple[str, ...] = ()


AnyChange = (
    MessageAdded
    | MessagesExpunged
    | FlagsChanged
    | MailboxChanged
    | MetadataChanged
    | RecordsChanged
    | Shown
    | Missed
    | Announced
)


class Changes:
    """The exchange of one process."""

    def __init__(self) -> None:
        self._subscriptions: dict[int, set[Subscription]] = {}
        self._relay: Callable[[Iterable[Change]], None] | None = None
        self.added = 0  # copies that came into mailboxes, as far as was heard here

    def publish(self, changes: Iterable[Change], *, apart_from: Collection[Subscription] = ()) -> None:
        """Hands changes, committed ones, to this process's subscribers and to the relay; `apart_from`: those of who made them. Never waits."""
        changes = tuple(changes)
        self.deliver(changes, apart_from=apart_from)
        if self._relay is not None:
            self._relay(changes)

    def deliver(self, changes: Iterable[Change], *, apart_from: Collection[Subscription] = ()) -> None:
        """Hands changes to this process's subscribers only."""
        for change in changes:
            self.added += type(change) is MessageAdded
            for subscription in tuple(self._subscriptions.get(change.account_id, ())):
                if subscription not in apart_from:
                    subscription.put(change)

    def announce(self, topic: str, *words: str) -> None:
        """Tells the other processes that use this store; those of them hear it that subscribed to `PROCESSES`. Never waits."""
        if self._relay is not None:
            self._relay([Announced(PROCESSES, 0, topic, words)])

    def missed(self) -> None:
        """Tells every subscriber to look for himself: hints may have been lost."""
        for account_id in tuple(self._subscriptions):
            self.deliver([Missed(account_id, 0)])

    def relay_to(self, relay: Callable[[Iterable[Change]], None] | None) -> None:
        """Who takes published changes to other processes."""
        self._relay = relay

    def subscribe(self, account_id: int, wake: Callable[[], None] | None = None) -> Subscription:
        """Begins to collect an account's changes; `wake` is called when the first of them waits. End it with `close`."""
        subscription = Subscription(self, account_id, wake)
        self._subscriptions.setdefault(account_id, set()).add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Ends a subscription."""
        left = self._subscriptions.get(subscription.account_id, set())
        left.discard(subscription)
        if not left:
            self._subscriptions.pop(subscription.account_id, None)


class Subscription:
    """An account's changes for one who looks at it: an async iterator, or `take` after `wake`."""

    __slots__ = ("_arrived", "_changes", "_closed", "_pending", "_wake", "account_id")

    def __init__(self, changes: Changes, account_id: int, wake: Callable[[], None] | None) -> None:
        self.account_id = account_id
        self._changes = changes
        self._wake = wake
        self._pending: list[Change] = []
        self._arrived = asyncio.Event()
        self._closed = False

    def put(self, change: Change) -> None:
        """Adds a change; too many become one `Missed`."""
        if len(self._pending) >= MAX_PENDING:
            self._pending = [Missed(self.account_id, change.modseq)]
        else:
            self._pending.append(change)
        self._arrived.set()
        if self._wake is not None and len(self._pending) == 1:
            self._wake()

    def take(self) -> list[Change]:
        """All that waits, in commit order as far as this process made it; never waits itself."""
        taken, self._pending = self._pending, []
        self._arrived.clear()
        return taken

    def close(self) -> None:
        """Ends it; an iteration ends too."""
        self._closed = True
        self._changes.forget(self)
        self._arrived.set()

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            await self._arrived.wait()
            if self._closed:
                return
            for change in self.take():
                yield change
