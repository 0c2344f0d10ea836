"""What the methods of one request work with: who asks, whose account it is about, what was made so far, and the store.

Every method is a function of a `Call` and its arguments, which gives the arguments of the response or raises `MethodError` or a `MailError`.
RFC 8620 §1.6.2 (accounts), §3.6.2, §5.3 (creation ids). Not here: the order of calls (`serve.jmap.batch`), any method.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final, Protocol, TypeVar

import msgspec

from postroom.message.errors import TryLater
from postroom.message.ids import IdKind, is_own_form, parse_id
from postroom.message.journey.events import Hop
from postroom.proto.jmap.errors import MethodError, Refused, invalid
from postroom.proto.jmap.request import Limits
from postroom.proto.jmap.types import Arguments, Object
from postroom.serve.jmap.methods.account_keys import AccountKeys
from postroom.serve.jmap.methods.audience import Audience
from postroom.serve.jmap.methods.post import Post
from postroom.serve.jmap.methods.results import Results
from postroom.serve.jmap.methods.turns import Turns
from postroom.serve.logins import Logins
from postroom.serve.standing import Standing
from postroom.store.changes import Change, FlagsChanged
from postroom.store.emails.columns import EmailColumns
from postroom.store.emails.roster import Rosters
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.login.login import Login
from postroom.store.login.standing import Ground
from postroom.store.mailboxes import acl, mailboxes
from postroom.store.mailboxes.cabinet import Cabinets
from postroom.store.mailboxes.rights import MailboxRef, Right
from postroom.store.records import acl as record_acl
from postroom.store.records import contacts
from postroom.store.records.acl import RecordRight
from postroom.store.records.push_subscriptions import Kept
from postroom.store.records.share_notices import MAILBOX
from postroom.store.search.wordbook import Wordbook
from postroom.store.store import Store

T = TypeVar("T")

MOST_OCTETS: Final = 64 << 20  # of messages, blobs, headers and parts that one response may tell
RENDERED_AT_ONCE: Final = 2  # documents of messages that are made at the same time
_UNSUPPORTED: Final = {
    "accountNotFound": "accountNotSupportedByMethod",
    "fromAccountNotFound": "fromAccountNotSupportedByMethod",
}
# What does not change anything.
_LOOKING: Final = {
    MAILBOX: frozenset((Right.LOOKUP, Right.READ, Right.POST)),
    contacts.BOOK: frozenset((RecordRight.READ,)),
}
STATE: Final = "SELECT modseq, vanished_floor FROM accounts WHERE account_id = $1"


class Push(Protocol):
    """What sends messages to push services. See `serve.jmap.push.pushing`."""

    @property
    def key(self) -> str:
        """The public key of RFC 9749 §3."""

    def may_create(self, account_id: int) -> bool:
        """Whether an account has not made too many subscriptions lately; counts."""

    def verify(self, subscription_id: str, kept: Kept) -> None:
        """Sends the verification code, in the background."""


class Browsers(Protocol):
    """Who a browser is signed in as. See `web.browsers`."""

    async def login(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> Login | None:
        """None for a request without its cookie. Raises `AuthenticationFailed`, `NotPermitted`."""


class JmapService(msgspec.Struct):
    """What all requests share. `now` gives unix microseconds; `wordbook` is what the search index knows, None without one.

    `tell` hears of faults of ours; `post` is the door for what is sent; `unique` makes the left half of a Message-ID.
    `keys`: what users change about their own accounts with. `picture_address` gives the path under which a reader of an account gets another host's picture; `rendering` is held while a document is made.
    `names`: under which our doors write Authentication-Results; `leave` POSTs to an address to leave a mailing list and gives the status of the answer;
    `lists_domain`: whether users see who else has an account at their domain. `note` takes hops for the journey of an account's email; `before` is awaited
    before each method and may raise `MethodError` (a lab's); `check_disk` raises `NoSpace` where there is no room for so many octets more.
    """

    logins: Logins
    store: Store
    ids: Ids
    now: Callable[[], int]
    tell: Callable[[BaseException], None]
    unique: Callable[[], str]
    limits: Limits = Limits()
    wordbook: Wordbook | None = None
    rosters: Rosters = msgspec.field(default_factory=Rosters)
    cabinets: Cabinets = msgspec.field(default_factory=Cabinets)
    columns: EmailColumns = msgspec.field(default_factory=EmailColumns)
    results: Results = msgspec.field(default_factory=Results)
    turns: Turns = msgspec.field(default_factory=Turns)
    post: Post | None = None
    push: Push | None = None
    browsers: Browsers | None = None
    picture_address: Callable[[int, str], str] | None = None
    names: frozenset[str] = frozenset()
    leave: Callable[[str], Awaitable[int]] | None = None
    keys: AccountKeys | None = None
    rendering: asyncio.Semaphore = msgspec.field(default_factory=lambda: asyncio.Semaphore(RENDERED_AT_ONCE))
    audience: Audience = msgspec.field(default_factory=Audience)
    standing: Standing = msgspec.field(default_factory=Standing)
    lists_domain: bool = True
    note: Callable[[int, int, Hop], None] | None = None
    before: Callable[[str], Awaitable[None]] | None = None
    check_disk: Callable[[int], None] = lambda _octets: None


class Visitor(msgspec.Struct, frozen=True):
    """Who is logged in; `address` as the account is written, `ip` where he comes from, `credential` by what; "" when unknown.

    `expires` is when that ends, in unix microseconds, 0 for never. `session`: which signed-in browser, whose user has shown at `confirmed` that it is he;
    `origin`: where his page stands; `ground`: what his login stands on, None when that is not known.
    """

    account_id: int
    address: str
    ip: str = ""
    credential: str = ""
    expires: int = 0
    session: bytes = b""
    confirmed: int = 0
    origin: str = ""
    ground: Ground | None = None


class AccountState(msgspec.Struct, frozen=True):
    """An account's newest modseq, and the one below which not all that is gone is known."""

    modseq: int
    floor: int


class Overtaken(TryLater):
    """Somebody has changed the account since the state of a call was looked at; the call has done nothing yet."""


class Call:
    """One request's state. `created`: record ids by creation id; `further`: calls that a method wants to have made behind it."""

    def __init__(
        self, service: JmapService, visitor: Visitor, created: Mapping[str, str] | None = None
    ) -> None:
        self.service = service
        self.visitor = visitor
        self.created = dict(created or {})
        self.using: Collection[str] = ()  # the capabilities that the client knows
        self.further: list[tuple[str, Object]] = []
        self.changed = False  # whether the method that runs has committed anything
        self.committed: set[tuple[int, int]] = set()  # what it has: accounts and modseqs
        self.expected: tuple[int, int] | None = (
            None  # the account, and at what modseq it must be at its first write
        )
        self._shared: dict[int, dict[int, str]] | None = None
        self._shared_records: dict[int, dict[str, dict[int, str]]] | None = None
        self._octets = 0

    @property
    def store(self) -> Store:
        """The store."""
        return self.service.store

    @property
    def reading(self) -> Transaction:
        """Reads, each statement on its own."""
        return self.service.store.engine.reading()

    def hold(self, octets: int, fields: int = 0) -> None:
        """Counts a message or blob whose content goes into the response, and what header fields and parts take there, which may be told many times.

        Raises `requestTooLarge`; one object is always given, however large it is, but not with any number of fields.
        """
        octets += fields
        if (self._octets or fields > MOST_OCTETS) and self._octets + octets > MOST_OCTETS:
            raise MethodError(
                "requestTooLarge", f"a response holds no more than {MOST_OCTETS} octets of messages and blobs"
            )
        self._octets += octets

    async def account(self, account_id: str, *, error: str = "accountNotFound") -> int:
        """The number of an account in which the visitor has mail: his own, or one that shares a mailbox with him."""
        number = await self.any_account(account_id, error=error)
        if number != self.visitor.account_id and number not in await self.shared():
            raise MethodError(_UNSUPPORTED[error], "no mail of this account is shared")
        return number

    async def any_account(self, account_id: str, *, error: str = "accountNotFound") -> int:
        """The number of an account that the visitor has something in, whatever it is."""
        number = number_of(IdKind.ACCOUNT, account_id)
        if number is None or (number != self.visitor.account_id and number not in await self.sharers()):
            raise MethodError(error)
        return number

    async def sharing_account(self, account_id: str, kind: str, *, error: str = "accountNotFound") -> int:
        """The number of an account that is the visitor's own, or shares records of a kind with him."""
        number = await self.any_account(account_id, error=error)
        shares = kind in (await self.shared_records()).get(number, {})
        if number != self.visitor.account_id and not shares:
            raise MethodError(_UNSUPPORTED[error], "nothing of this kind is shared by this account")
        return number

    async def writable(self, account_id: str) -> int:
        """As `account`, where the visitor may change anything (RFC 8620 §3.6.2, accountReadOnly)."""
        number = await self.account(account_id)
        if number != self.visitor.account_id:
            records = (await self.shared_records()).get(number, {})
            gifts = {kind: "".join(rights.values()) for kind, rights in records.items()}
            if only_looks({**gifts, MAILBOX: "".join((await self.shared())[number].values())}):
                raise MethodError("accountReadOnly")
        return number

    async def own_account(self, account_id: str) -> int:
        """The visitor's own account; what others share has mail, or address books, and nothing else."""
        number = await self.any_account(account_id)
        if number != self.visitor.account_id:
            raise MethodError("accountNotSupportedByMethod", "this is nothing that others share")
        return number

    async def shared(self) -> dict[int, dict[int, str]]:
        """The mailboxes of others that the visitor may see: rights by mailbox id, by account id. Looked up once in a request."""
        if self._shared is None:
            self._shared = await acl.shared_with(self.reading, self.visitor.account_id)
        return self._shared

    async def shared_records(self) -> dict[int, dict[str, dict[int, str]]]:
        """Likewise the records: rights by record, by the name of the kind, by account id."""
        if self._shared_records is None:
            self._shared_records = await record_acl.shared_with(self.reading, self.visitor.account_id)
        return self._shared_records

    async def sharers(self) -> frozenset[int]:
        """The accounts that share anything with the visitor."""
        return frozenset((*await self.shared(), *await self.shared_records()))

    def forget_shared(self) -> None:
        """Rights have changed."""
        self._shared = self._shared_records = None

    def ref(self, account_id: int, mailbox_id: int) -> MailboxRef:
        """A mailbox as the visitor reaches for it."""
        return MailboxRef(account_id, mailbox_id, self.visitor.account_id)

    async def state(self, account_id: int) -> AccountState:
        """Where an account is."""
        row = await self.reading.fetchrow(STATE, account_id)
        if row is None:
            raise MethodError("accountNotFound")
        return AccountState(row[0], row[1])

    def resolved(self, written: str) -> str:
        """An id, or the one of a record that was made in this request when it is written `#creation-id`; that itself where nothing was."""
        return self.created.get(written[1:], written) if written.startswith("#") else written

    def meant(self, written: str) -> str:
        """The same; raises `Refused` where nothing was made under this creation id."""
        found = self.resolved(written)
        if found.startswith("#"):
            raise Refused("notFound", f"nothing was made as {written[:100]!r}")
        return found

    def with_records(self, patch: Object, name: str) -> Object:
        """A patch with the records of this request below a property by their ids; raises `Refused` where nothing was made."""
        start = f"{name}/#"
        return {
            f"{name}/{self._made(path[len(start) - 1 :], name)}" if path.startswith(start) else path: value
            for path, value in patch.items()
        }

    def _made(self, written: str, name: str) -> str:
        try:
            return self.meant(written)
        except Refused as refused:
            raise invalid(name, refused.error.description) from refused

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Runs `work` in a durable transaction. Raises `Overtaken` before anything was done."""
        expected = None if self.changed else self.expected

        async def guarded(tx: Transaction) -> T:
            if expected is not None and await mailboxes.hold(tx, expected[0]) != expected[1]:
                raise Overtaken
            return await work(tx)

        done = await self.service.store.engine.write(work if expected is None else guarded, Urgency.CLIENT)
        self.expected = None
        return done

    async def snapshot(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Runs the reads of `work` on one unchanging view."""
        return await self.service.store.engine.snapshot(work)

    def publish(self, changes: Iterable[Change]) -> None:
        """Tells sessions of every protocol what was changed and committed."""
        changes = tuple(changes)
        self.committed.update((one.account_id, one.modseq) for one in changes if not _is_nothing(one))
        self.service.store.changes.publish(changes)


def _is_nothing(change: Change) -> bool:
    """Whether flags were already as they were to be: the modseq is then that of an earlier change."""
    return isinstance(change, FlagsChanged) and not change.uids


def only_looks(gifts: Mapping[str, str]) -> bool:
    """Whether nothing in an account may be changed; `gifts`: the letters of all rights there, by what they are in."""
    return all(set(letters) <= _LOOKING[kind] for kind, letters in gifts.items())


def number_of(kind: IdKind, text: str) -> int | None:
    """The number of an id as it is written here, and in no other way; None when it is none."""
    number = parse_id(kind, text)
    return number if number is not None and is_own_form(kind, text) else None


Handler = Callable[[Call, Any], Awaitable[Object]]


class Method(msgspec.Struct, frozen=True):
    """A method: the capability it belongs to, the struct of its arguments, and what it does."""

    capability: str
    arguments: type[Arguments] | None
    run: Handler


Methods = Mapping[str, Method]
