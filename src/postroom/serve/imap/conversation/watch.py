"""What a session wants to hear of between commands, and what it has told of the mailboxes that it watches.

RFC 5465 §3.1, §5, §6. Values only. Not here: what is told (`serve.imap.watching.telling`, `serve.imap.watching.watching`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from postroom.proto.imap.commands.fetching import Attribute
from postroom.proto.imap.commands.notifying import SELECTED, Event, Group
from postroom.proto.imap.config import SEPARATOR
from postroom.store.changes import Subscription
from postroom.store.mailboxes.mailboxes import OTHER_USERS

NOTHING: Final[frozenset[Event]] = frozenset()


class Told(msgspec.Struct, frozen=True):
    """Which news of the selected mailbox may be told now."""

    expunges: bool = True
    arrivals: bool = True
    flags: bool = True


EVERYTHING: Final = Told()


class Wishes(msgspec.Struct, frozen=True):
    """What the last NOTIFY asked for; no groups after NOTIFY NONE."""

    groups: tuple[Group, ...] = ()

    @property
    def selected(self) -> Group | None:
        """What is wanted of the selected mailbox; None is nothing (RFC 5465 §3.1)."""
        return next((group for group in self.groups if group.source.kind in SELECTED), None)

    @property
    def others(self) -> tuple[Group, ...]:
        """What is wanted of other mailboxes, and of all mailboxes as such."""
        return tuple(group for group in self.groups if group.source.kind not in SELECTED and group.events)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What is told of new messages of the selected mailbox."""
        return self.selected.attributes if self.selected is not None else ()

    @property
    def delayed(self) -> bool:
        """Whether expunges wait for a command (RFC 5465 §6.1.2)."""
        return self.selected is not None and self.selected.source.kind == "SELECTED-DELAYED"

    def told(self, allowed: Told) -> Told:
        """What of `allowed` is wanted."""
        events = self.selected.events if self.selected is not None else NOTHING
        return Told(
            allowed.expunges and Event.MESSAGE_EXPUNGE in events,
            allowed.arrivals and Event.MESSAGE_NEW in events,
            allowed.flags and Event.FLAG_CHANGE in events,
        )


class Named(Protocol):
    """A mailbox, or a name without one, as LIST knows it."""

    name: str
    account_id: int
    mailbox_id: int
    role: str
    subscribed: bool
    children: bool

    @property
    def readable(self) -> bool: ...


class Numbers(msgspec.Struct, frozen=True):
    """Where a mailbox stood when it was told of last."""

    total: int
    uidnext: int
    unseen: int
    modseq: int
    uidvalidity: int


class Watch:
    """Mailboxes that a session watches: `names` as its client knows them, `known` where they stand, by id."""

    def __init__(self, account_id: int, groups: Iterable[Group]) -> None:
        self.account_id = account_id
        self.named: dict[tuple[str, str], frozenset[Event]] = {}  # by kind, and name where the kind has names
        for group in groups:
            for name in group.source.names or ("",):
                key = group.source.kind, name
                self.named[key] = self.named.get(key, NOTHING) | group.events
        self.names: Mapping[str, Named] = {}
        self.known: dict[int, Numbers] = {}
        self.watched: dict[int, Named] = {}  # mailboxes of which messages are told, by id
        self.subscriptions: dict[int, Subscription] = {}  # by account
        self.behind = False  # whether something could not be told when it happened
        self.own: set[int] = set()  # mailboxes that this session changed as such, and did not look at since

    def events(self, entry: Named) -> frozenset[Event]:
        """What is to be told of a name: the events of all groups that it belongs to (RFC 5465 §6)."""
        named, name = self.named, entry.name
        found = named.get(("MAILBOXES", name), NOTHING)
        if not name.startswith(OTHER_USERS + SEPARATOR):  # a script may file into any mailbox (RFC 5465 §6.3)
            found |= named.get(("PERSONAL", ""), NOTHING) | named.get(("INBOXES", ""), NOTHING)
        if entry.subscribed:
            found |= named.get(("SUBSCRIBED", ""), NOTHING)
        while name:
            found |= named.get(("SUBTREE", name), NOTHING)
            name = name.rpartition(SEPARATOR)[0]
        return found

    def wants(self, event: Event) -> bool:
        """Whether an event is wanted at all."""
        return any(event in events for events in self.named.values())

    def close(self) -> None:
        """Hears nothing any more."""
        for subscription in self.subscriptions.values():
            subscription.close()
        self.subscriptions.clear()
