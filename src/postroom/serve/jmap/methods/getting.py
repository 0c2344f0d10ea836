"""How /get, /changes and /set are done for any type: what a type must say is how one of its objects is made, changed and shown.

RFC 8620 §5.1, §5.2, §5.3. Not here: any type of data.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from postroom.message.errors import MailError, NoSpace, NotPermitted, OverQuota
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.errors import MethodError, Refused, SetError
from postroom.proto.jmap.standard import Changes, Set
from postroom.proto.jmap.state import Changed, State, read_state, tell
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, number_of
from postroom.store.mailboxes.rights import NoSuchMailbox
from postroom.store.records import records
from postroom.store.records.records import NoSuchRecord

MOST_CHANGES = 5_000  # ids of one answer to /changes
MOST_ROUNDS = 4  # times that what was taken is tried again in one /set


class Asking(Protocol):
    """What the arguments of every /get have."""

    @property
    def account_id(self) -> str:
        """Whose objects."""

    @property
    def ids(self) -> list[str] | None:
        """Which of them."""


def check_number(number: int, most: int, what: str) -> None:
    """Raises `requestTooLarge` for more in one call than is taken."""
    if number > most:
        raise MethodError("requestTooLarge", f"{number} {what}, at most {most} are taken")


def ids_of(call: Call, arguments: Asking) -> list[str] | None:
    """The ids that are asked for, each once; None for all. Raises `requestTooLarge`."""
    if arguments.ids is None:
        return None
    check_number(len(arguments.ids), call.service.limits.max_objects_in_get, "ids")
    return list(dict.fromkeys(map(call.resolved, arguments.ids)))


def got(arguments: Asking, state: object, found: Iterable[Object], asked: Sequence[str] | None) -> Object:
    """The response to a /get; what was asked for and is not in `found` is `notFound`."""
    shown = list(found)
    there = {one["id"] for one in shown}
    return {
        "accountId": arguments.account_id,
        "state": str(state),
        "list": shown,
        "notFound": [one for one in asked or () if one not in there],
    }


class Since:
    """The changes of a type since a client's state, as far as one answer holds them."""

    def __init__(
        self, arguments: Changes, kind: IdKind | str, *, floor: int, newest: int, current: int | None = None
    ) -> None:
        """`newest` is the account's modseq, `current` the state of this type now, where that is another."""
        self.since = read_state(arguments.since_state, floor=floor, newest=newest)
        self.most = min(arguments.max_changes or MOST_CHANGES, MOST_CHANGES)
        self._arguments = arguments
        self._kind = kind
        self._newest = newest if current is None else current

    @property
    def cursor(self) -> tuple[int, int]:
        """(modseq, record): changes behind it are to be told."""
        if self.since.base < 0:
            return self.since.modseq, (1 << 63) - 1
        return self.since.modseq, self.since.record

    def answer(self, changes: list[Changed]) -> Object:
        """The response, given all changes behind the cursor, in order."""
        part = changes[: self.most]
        more = len(changes) > self.most
        return self.told(part, (part[-1].modseq, part[-1].record) if more else None)

    def of(self, changes: Iterable[records.Changed]) -> Object:
        """The response, given all changes of records since the client began, in order; what he was told of already is left out."""
        rows = [Changed(one.modseq, one.record_id, one.created_modseq, one.gone) for one in changes]
        return self.answer([one for one in rows if (one.modseq, one.record) > self.cursor])

    def told(self, part: list[Changed], at: tuple[int, int] | None) -> Object:
        """The response, given as many changes as it holds, and where to go on behind them; None: that is all."""
        told = tell(self.since, part)
        return {
            "accountId": self._arguments.account_id,
            "oldState": self._arguments.since_state,
            "newState": str(State(self._newest) if at is None else self.since.within(*at)),
            "hasMoreChanges": at is not None,
            "created": self._ids(told.created),
            "updated": self._ids(told.updated),
            "destroyed": self._ids(told.destroyed),
        }

    def _ids(self, records: list[int]) -> list[str]:
        return [record_id(self._kind, record) for record in records]


def record_id(kind: IdKind | str, number: int) -> str:
    """The id of an object; kinds that have no letter of their own are records, and share one."""
    return id_text(kind if isinstance(kind, IdKind) else IdKind.RECORD, number)


def record_number(kind: IdKind | str, text: str) -> int | None:
    """The number of an id; None for one that cannot be any."""
    return number_of(kind if isinstance(kind, IdKind) else IdKind.RECORD, text)


class Taken(Refused):
    """Another object has what only one can have; it may let go of it in the same call."""


class Setting:
    """What became of the objects of a /set."""

    def __init__(self, call: Call, arguments: Set, state: object) -> None:
        self.call = call
        self.arguments = arguments
        self.old_state = str(state)
        self.created: dict[str, Object] = {}
        self.updated: dict[str, Object | None] = {}
        self.destroyed: list[str] = []
        self.not_created: dict[str, SetError] = {}
        self.not_updated: dict[str, SetError] = {}
        self.not_destroyed: dict[str, SetError] = {}
        self.taken_created: list[str] = []
        self.taken_updated: list[str] = []
        check_number(arguments.size, call.service.limits.max_objects_in_set, "objects")
        if arguments.if_in_state is not None and arguments.if_in_state != self.old_state:
            raise MethodError("stateMismatch")

    async def carry_out(
        self,
        make: Callable[[Object], Awaitable[Object]],
        change: Callable[[str, Object], Awaitable[Object | None]],
        remove: Callable[[str], Awaitable[None]],
    ) -> None:
        """All that a /set asks for (RFC 8620 §5.3): `make`, `change` and `remove` as the three methods below take them."""
        await self.create(make)
        await self.update(change)
        await self.destroy(remove)
        await self.spare(change)

    async def create(
        self, make: Callable[[Object], Awaitable[Object]], order: Sequence[str] | None = None
    ) -> None:
        """Makes each object, in `order` if that is given: `make` gives its id and what the client does not know of it.

        Or it raises `Refused` or a `MailError`.
        """
        create = self.arguments.create or {}
        for creation_id in create if order is None else order:
            try:
                self.created[creation_id] = made = await make(create[creation_id])
            except (Refused, MailError) as error:
                self.not_created[creation_id] = set_error(error)
                if isinstance(error, Taken):
                    self.taken_created.append(creation_id)
            else:
                self.call.created[creation_id] = made["id"]
                self.call.changed = True

    async def update(
        self, change: Callable[[str, Object], Awaitable[Object | None]], only: Sequence[str] | None = None
    ) -> None:
        """Changes each object, or `only` some: `change` gives what changed besides, None when nothing did."""
        doomed = set(map(self.call.resolved, self.arguments.destroy or ())) - self._spared()
        update = self.arguments.update or {}
        for written in update if only is None else only:
            patch = update[written]
            try:
                record = self.call.meant(written)
                if record in doomed:
                    raise Refused("willDestroy")
                self.updated[record] = await change(record, patch)
                self.call.changed = True
            except (Refused, MailError) as error:
                self.not_updated[written] = set_error(error)
                if isinstance(error, Taken):
                    self.taken_updated.append(written)

    async def spare(self, change: Callable[[str, Object], Awaitable[Object | None]]) -> None:
        """Changes what was to be destroyed, and could not be."""
        spared = self._spared()
        skipped = [name for name, error in self.not_updated.items() if error.kind == "willDestroy"]
        late = [written for written in skipped if self.call.resolved(written) in spared]
        for written in late:
            del self.not_updated[written]
        await self.update(change, late)

    def _spared(self) -> set[str]:
        return set(map(self.call.resolved, self.not_destroyed))

    async def again(
        self,
        make: Callable[[Object], Awaitable[Object]],
        change: Callable[[str, Object], Awaitable[Object | None]],
    ) -> None:
        """Once more what others have let go of since, as long as that helps: only the end must be valid (RFC 8620 §5.3)."""
        for _ in range(MOST_ROUNDS):
            created, updated = self.taken_created[::-1], self.taken_updated[::-1]
            self.taken_created, self.taken_updated = [], []
            for creation_id in created:
                del self.not_created[creation_id]
            for written in updated:
                del self.not_updated[written]
            await self.create(make, created)
            await self.update(change, updated)
            left = len(self.taken_created) + len(self.taken_updated)
            if left in (0, len(created) + len(updated)):
                return

    async def destroy(
        self, remove: Callable[[str], Awaitable[None]], order: Sequence[str] | None = None
    ) -> None:
        """Removes each object, in `order` if that is given."""
        for written in dict.fromkeys((self.arguments.destroy or ()) if order is None else order):
            try:
                record = self.call.meant(written)
                await remove(record)
            except (Refused, MailError) as error:
                self.not_destroyed[written] = set_error(error)
            else:
                self.destroyed.append(record)
                self.call.changed = True

    def answer(self, state: object) -> Object:
        """The response; `state` is the one afterwards."""
        return {
            "accountId": self.arguments.account_id,
            "oldState": self.old_state,
            "newState": str(state),
            "created": self.created or None,
            "updated": self.updated or None,
            "destroyed": self.destroyed or None,
            "notCreated": _told(self.not_created),
            "notUpdated": _told(self.not_updated),
            "notDestroyed": _told(self.not_destroyed),
        }


def _told(errors: Mapping[str, SetError]) -> dict[str, Any] | None:
    return {name: error.told() for name, error in errors.items()} or None


# The most special come first; RFC 8620 §5.3.
_KINDS: tuple[tuple[type[MailError], str], ...] = (
    (NoSuchMailbox, "notFound"),
    (NoSuchRecord, "notFound"),
    (OverQuota, "overQuota"),
    (NotPermitted, "forbidden"),
)


def set_error(error: Refused | MailError) -> SetError:
    """What went wrong with one object. What is wrong with the whole server is raised: the call fails then."""
    if isinstance(error, Refused):
        return error.error
    for kind, name in _KINDS:
        if isinstance(error, kind) and not isinstance(error, NoSpace):
            return SetError(name, error.public)
    raise error
