"""What changes for one user, as StateChange objects: in his own account, and in those that share something with him.

RFC 8620 §7.1, RFC 8621 §1.5 (EmailDelivery). A change in the store is only the reason to look: the states are read as /get reads them and compared
with those that were told last, so a change that nobody told of is found with the next one, and `Missed` is like any other. Not here: connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.push import position
from postroom.serve.jmap.account import preferences, quota
from postroom.serve.jmap.contacts import contact_card
from postroom.serve.jmap.mail import mailbox, thread
from postroom.serve.jmap.methods.call import Call, JmapService, Visitor
from postroom.serve.jmap.methods.recorded import state_of
from postroom.serve.jmap.push.expiry import is_over
from postroom.serve.jmap.submission import identity, submission_records
from postroom.store.changes import (
    PROCESSES,
    SHARED,
    Announced,
    Change,
    MailboxChanged,
    Missed,
    RecordsChanged,
    Subscription,
)
from postroom.store.emails import bulk_changes, emails, snoozing
from postroom.store.mailboxes.rights import Right
from postroom.store.records import contacts, share_notices
from postroom.store.records.records import Kind
from postroom.store.records.share_notices import MAILBOX

GATHER: Final = 0.01  # seconds in which changes come together


State = int | str


class Watched(msgspec.Struct, frozen=True):
    """A type of data: how /get finds its state (a modseq, or a text of its own), and with what others share it comes (the name of a kind), "" with nothing."""

    state: Callable[[Call, int], Awaitable[State]]
    shared: str = ""


# A type that has /get and a state is a row here, but for Principal: nobody tells of what administrators do. Its `state` is what its /get uses.
TYPES: Final[Mapping[str, Watched]] = {
    "Mailbox": Watched(mailbox.state_of, MAILBOX),
    "Email": Watched(thread.state_of, MAILBOX),
    "Thread": Watched(thread.state_of, MAILBOX),
    "AddressBook": Watched(lambda call, owner: state_of(call, contacts.books_of(owner)), contacts.BOOK),
    "Identity": Watched(lambda call, own: state_of(call, Kind(own, identity.KIND))),
    "EmailSubmission": Watched(lambda call, own: state_of(call, Kind(own, submission_records.KIND))),
    "ContactCard": Watched(contact_card.state_of_cards, contacts.BOOK),
    "ShareNotification": Watched(lambda call, own: state_of(call, share_notices.of(own))),
    "Quota": Watched(quota.state_of),
    "Preferences": Watched(preferences.state_of),
    "BulkChange": Watched(lambda call, own: state_of(call, bulk_changes.of(own))),
    "Snooze": Watched(lambda call, own: state_of(call, snoozing.of(own))),
}
_RIGHTS: Final = -1  # no account's id: who shares what may have changed
DELIVERY: Final = "EmailDelivery"  # has no /get: its state is the modseq at which the newest email was made


class News(msgspec.Struct, frozen=True):
    """What has changed: states by account id, by type; `at` is the position of a client who has heard it."""

    changed: dict[str, dict[str, str]]
    at: str


class _Account:
    """What a client has been told of one account. `modseq`: up to where it was looked at."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.modseq = 0
        self.delivered = 0  # EmailDelivery, as far as it is known
        self.told: dict[str, State] = {}


class Watch:
    """One client's ear; `types` None: all. `begin`, then `news` again and again, at last `close`."""

    def __init__(self, service: JmapService, visitor: Visitor, types: frozenset[str] | None = None) -> None:
        self._service = service
        self._visitor = visitor
        self._types = types
        self._accounts: dict[int, _Account] = {}
        self._dirty: set[int] = set()
        self._woken = asyncio.Event()
        self._ended = False
        self._rights = self._subscribe(PROCESSES)

    @property
    def at(self) -> str:
        """The position of the client."""
        return position({id_text(IdKind.ACCOUNT, key): one.modseq for key, one in self._accounts.items()})

    async def begin(self, seen: Mapping[str, int] | None = None) -> None:
        """Looks how things are. `seen`: a client's position; what has changed since is the first news. None: there is none to be told."""
        call = Call(self._service, self._visitor)
        await self._follow(call)
        for account_id, account in self._accounts.items():
            await self._place(call, account_id, account, seen)

    async def _place(
        self, call: Call, account_id: int, account: _Account, seen: Mapping[str, int] | None
    ) -> None:
        now = (await call.state(account_id)).modseq
        before = now if seen is None else seen.get(id_text(IdKind.ACCOUNT, account_id), 0)
        if not 0 < before <= now:  # nothing that could be compared: all of it is news
            account.modseq = account.delivered = now
            self._wake(account_id)
            return
        account.modseq = before
        states = await self._states(call, account_id)
        # What is no modseq is the same where nothing has changed at all, or where there is nothing of it.
        account.told = {
            name: state
            for name, state in states.items()
            if seen is None
            or (state <= before if isinstance(state, int) else before == now or state == quota.NONE)
        }
        if seen is not None:
            self._wake(account_id)

    async def news(self) -> News | None:
        """Waits for changes; None when it has ended. May be cancelled: nothing is lost by that."""
        while True:
            await self._woken.wait()
            if self._ended or is_over(self._service, self._visitor):
                return None
            dirty: set[int] = set()
            try:
                self._woken.clear()  # before it waits: who is told to end meanwhile hears of it
                await asyncio.sleep(GATHER)
                dirty, self._dirty = self._dirty, set()
                found = await self._look(dirty)
            except BaseException:
                self._dirty |= dirty
                self._woken.set()
                raise
            if found:
                return News(found, self.at)

    def end(self) -> None:
        """Ends `news`."""
        self._ended = True
        self._woken.set()

    def close(self) -> None:
        """Hears nothing more."""
        self._rights.close()
        for account in self._accounts.values():
            account.subscription.close()
        self._accounts.clear()

    def _subscribe(self, account_id: int) -> Subscription:
        return self._service.store.changes.subscribe(account_id, partial(self._wake, account_id))

    def _wake(self, account_id: int) -> None:
        self._dirty.add(account_id)
        self._woken.set()

    async def _look(self, dirty: set[int]) -> dict[str, dict[str, str]]:
        call = Call(self._service, self._visitor)
        dirty |= self._unread(dirty)
        if _RIGHTS in dirty:
            dirty |= await self._follow(call)
        # What is found is noted when all of it was read, so that a cancelled look can be made again.
        looked: dict[int, tuple[int, dict[str, State]]] = {}
        for account_id in dirty & set(self._accounts):
            now = (await call.state(account_id)).modseq
            looked[account_id] = (now, await self._states(call, account_id))
        changed: dict[str, dict[str, str]] = {}
        for account_id, (now, states) in looked.items():
            account = self._accounts[account_id]
            news = {name: str(state) for name, state in states.items() if state != account.told.get(name)}
            account.told |= states
            account.modseq = now
            account.delivered = int(states.get(DELIVERY, account.delivered))
            if news:
                changed[id_text(IdKind.ACCOUNT, account_id)] = news
        return changed

    def _unread(self, dirty: set[int]) -> set[int]:
        """Takes what waits; gives `_RIGHTS` when who shares what with the user may have changed."""
        own = self._accounts[self._visitor.account_id].subscription
        mine = own.take() if self._visitor.account_id in dirty else []
        theirs = self._rights.take() if PROCESSES in dirty else []
        for account_id in dirty & set(self._accounts):
            self._accounts[account_id].subscription.take()
        return {_RIGHTS} if any(map(_of_rights, [*mine, *theirs])) else set()

    async def _follow(self, call: Call) -> set[int]:
        """Listens to all accounts that the user may see, and to no others; gives those that came."""
        there = {self._visitor.account_id, *await call.sharers()}
        for account_id in set(self._accounts) - there:
            self._accounts.pop(account_id).subscription.close()
        came = there - set(self._accounts)
        for account_id in came:
            self._accounts[account_id] = account = _Account(self._subscribe(account_id))
            account.modseq = account.delivered = (await call.state(account_id)).modseq
        return came

    async def _states(self, call: Call, account_id: int) -> dict[str, State]:
        own = account_id == self._visitor.account_id
        shared = {*(await call.shared_records()).get(account_id, {})}
        shared |= {MAILBOX} if account_id in await call.shared() else set()
        states: dict[str, State] = {}
        try:
            for name, watched in TYPES.items():
                if (own or watched.shared in shared) and self._wants(name):
                    states[name] = await watched.state(call, account_id)
            mail = self._wants(DELIVERY) and (own or MAILBOX in shared)
            delivered = await self._delivered(call, account_id) if mail else 0
            if delivered:
                states[DELIVERY] = delivered
        except MethodError:  # the account is gone
            return {}
        return states

    def _wants(self, name: str) -> bool:
        return self._types is None or name in self._types

    async def _delivered(self, call: Call, account_id: int) -> int:
        """The modseq at which the newest email was made where the user may read; 0 when that is not known."""
        account = self._accounts[account_id]
        made = await emails.delivered(call.reading, account_id, account.modseq)
        if account_id != self._visitor.account_id:
            rights = (await call.shared()).get(account_id, {})
            made = {key: modseq for key, modseq in made.items() if Right.READ in rights.get(key, "")}
        return max([account.delivered, *made.values()])


def _of_rights(change: Change) -> bool:
    """Whether a change may be one of who sees what."""
    if isinstance(change, RecordsChanged):
        return change.kind == share_notices.KIND
    return isinstance(change, MailboxChanged | Missed) or (
        isinstance(change, Announced) and change.topic == SHARED
    )
