"""What the commands of one IMAP session work with: who is logged in, what is selected, the store, and the machine that answers.

Every command is a function of a `Conversation` and the command, which gives an `Answer` or raises `Refusal` or a `MailError`. RFC 9051 §7.1 and
RFC 5530 (response codes). Not here: the pump's side (`serve.imap.session`), any command.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from postroom.message.errors import (
    AuthenticationFailed,
    MailboxDisabled,
    MailError,
    MessageTooBig,
    NotPermitted,
    OverQuota,
    TooManyLogins,
)
from postroom.message.journey.events import Hop
from postroom.net.session import Connection
from postroom.proto.imap.answers import ENGLISH, Answers
from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.server import ImapServer
from postroom.proto.imap.verb import Command
from postroom.proto.imap.words import TRANSLATIONS
from postroom.serve.imap.conversation.arrivals import Arrivals
from postroom.serve.imap.conversation.columns import Columns
from postroom.serve.imap.conversation.orders import Orders
from postroom.serve.imap.conversation.rendered import Rendered
from postroom.serve.imap.conversation.view import View
from postroom.serve.imap.conversation.watch import Watch, Wishes
from postroom.serve.logins import LoggedIn, Logins
from postroom.serve.presence import Presence
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.serve.standing import Standing, Stay
from postroom.store.changes import Change, MailboxChanged, MessageAdded, Subscription
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.mailboxes.mailboxes import HasChildren, Impossible, MailboxExists, TooManyMailboxes
from postroom.store.mailboxes.rights import NoSuchMailbox, is_visitor
from postroom.store.search.wordbook import Wordbook
from postroom.store.store import Store

T = TypeVar("T")

DEFAULT_LANGUAGE: Final = "i-default"  # RFC 5255 §3.1
BODIES: Final = 256 << 20  # octets of messages on their way in, where no budget is shared with others


class ImapService(msgspec.Struct):
    """What all sessions of one listener share.

    `now` gives unix microseconds; `tls` the context for STARTTLS, None without it; `wordbook` is what the search index knows, None without one.
    `now` gives unix microseconds; `tls` the context for STARTTLS, None without it. Messages that come count in `budget`, and long ones are kept in
    files in the directory `incoming`; None keeps them in memory. `note` takes hops for the journey of an account's email; `check_disk`
    raises `NoSpace` where there is no room for so many octets more.
    """

    config: ImapConfig
    logins: Logins
    store: Store
    ids: Ids
    now: Callable[[], int]
    tls: Callable[[], ssl.SSLContext] | None = None
    rendered: Rendered = msgspec.field(default_factory=Rendered)
    wordbook: Wordbook | None = None
    columns: Columns = msgspec.field(default_factory=Columns)
    orders: Orders = msgspec.field(default_factory=Orders)
    budget: BodyBudget = msgspec.field(default_factory=lambda: BodyBudget(BODIES))
    incoming: Path | None = None
    presence: Presence = msgspec.field(default_factory=Presence)
    standing: Standing = msgspec.field(default_factory=Standing)
    note: Callable[[int, int, Hop], None] | None = None
    check_disk: Callable[[int], None] = lambda _octets: None


class Answer(msgspec.Struct, frozen=True):
    """How a command ended: the tagged response. `words` never hold what the client sent."""

    words: str
    code: str = ""
    status: str = "OK"


class Refusal(Exception):
    """A command that is not done: NO, or BAD for what should not have been said."""

    def __init__(self, words: str, code: str = "", status: str = "NO") -> None:
        super().__init__(words)
        self.answer = Answer(words, code, status)


# The most special come first; RFC 5530 §3, RFC 9208 §4.1, RFC 7889 §3.
_CODES: Final[tuple[tuple[type[MailError], str], ...]] = (
    (AuthenticationFailed, "AUTHENTICATIONFAILED"),
    (TooManyLogins, "UNAVAILABLE"),
    (MailboxDisabled, "CONTACTADMIN"),
    (NoSuchMailbox, "NONEXISTENT"),
    (MailboxExists, "ALREADYEXISTS"),
    (HasChildren, "HASCHILDREN"),
    (TooManyMailboxes, "LIMIT"),
    (Impossible, "CANNOT"),
    (OverQuota, "OVERQUOTA"),
    (MessageTooBig, "TOOBIG"),
    (NotPermitted, "NOPERM"),
    (MailError, "UNAVAILABLE"),
)


def refused(error: MailError) -> Answer:
    """The answer for what went wrong."""
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    return Answer(error.public, code, "NO")


class Conversation:
    """One session's state. `account_id` is 0 until somebody is logged in, negative for a visitor; `view` None until a mailbox is selected; `wishes` None until NOTIFY."""

    def __init__(self, service: ImapService) -> None:
        self.service = service
        self.machine = ImapServer(service.config)
        self.connection: Connection | None = None
        self.account_id = 0
        self.address = ""
        self.view: View | None = None
        self.wishes: Wishes | None = None
        self.watch: Watch | None = None
        self.language = DEFAULT_LANGUAGE
        self.arrivals = Arrivals(service.budget, service.incoming)
        self.on_news: Callable[[], None] = lambda: None
        self.stay = Stay(service.standing)
        self.progress: asyncio.TimerHandle | None = None  # to a sign of life of the command at hand
        self._subscription: Subscription | None = None

    def open(self, view: View) -> None:
        """A mailbox is selected: news of its account is waited for."""
        self.view = view
        self._subscription = self.store.changes.subscribe(view.ref.account_id, self.on_news)

    def end_progress(self) -> None:
        """No sign of life may come from here on: the command is through, or sends its answer in pieces."""
        if self.progress is not None:
            self.progress.cancel()
            self.progress = None

    def overlook(self) -> None:
        """Changes that wait are known to be there: whoever tells reads the store."""
        if self._subscription is not None:
            self._subscription.take()

    def shut(self) -> None:
        """No mailbox is selected any more."""
        self.view = None
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def listen(self, wishes: Wishes | None, watch: Watch | None) -> None:
        """From now on this is told, and nothing of what was told before."""
        if self.watch is not None:
            self.watch.close()
        self.wishes, self.watch = wishes, watch
        if watch is not None:
            self.on_news()  # of the time since it was looked at

    def publish(self, changes: Iterable[Change]) -> None:
        """Tells others of changes that this session has made and committed; itself it is not told of them (RFC 5465 §5)."""
        changes = tuple(changes)
        own = [] if self._subscription is None else [self._subscription]
        if self.watch is not None:
            own += self.watch.subscriptions.values()
            self.watch.own.update(one.mailbox_id for one in changes if isinstance(one, MailboxChanged))
        if self.view is not None:
            box = self.view.ref.mailbox_id
            self.view.put_here(
                one.uid for one in changes if isinstance(one, MessageAdded) and one.mailbox_id == box
            )
        self.store.changes.publish(changes, apart_from=own)
        if self.watch is not None and self.watch.own:
            self.on_news()

    def speak(self, language: str) -> None:
        """From now on, words for people are in this language, as far as they are known in it."""
        self.language = language
        self.out.translation = TRANSLATIONS.get(language, ENGLISH)

    def enter(self, login: LoggedIn) -> None:
        """Somebody is logged in."""
        assert self.connection is not None
        self.account_id, self.address = login.account_id, login.address
        self.stay.begin(login.ground, self.connection.dismiss)

    def leave(self) -> None:
        """Nobody is logged in any more."""
        self.shut()
        self.listen(None, None)
        self.speak(DEFAULT_LANGUAGE)
        self.arrivals.drop()
        if self.account_id:
            self.service.presence.leave(self.account_id)
        self.stay.leave()
        self.account_id, self.address = 0, ""

    @property
    def visiting(self) -> bool:
        """Whether who has logged in is anonymous."""
        return is_visitor(self.account_id)

    @property
    def out(self) -> Answers:
        """Where responses go."""
        return self.machine.out

    @property
    def store(self) -> Store:
        """The store."""
        return self.service.store

    @property
    def reading(self) -> Transaction:
        """Reads, each statement on its own."""
        return self.service.store.engine.reading()

    @property
    def selected(self) -> View:
        """The view, in a command that is only given when there is one."""
        assert self.view is not None
        return self.view

    @property
    def uid_only(self) -> bool:
        """Whether messages have no numbers (RFC 9586 §3)."""
        return "UIDONLY" in self.machine.enabled

    @property
    def rev2(self) -> bool:
        """Whether the client speaks IMAP4rev2 (RFC 9051 §6.3.1)."""
        return "IMAP4REV2" in self.machine.enabled

    def enabled(self, capability: str) -> bool:
        """Whether something was enabled, by ENABLE or by a command that implies it; `capability` in upper case."""
        return capability in self.machine.enabled

    def enable_condstore(self) -> None:
        """A command has enabled CONDSTORE by its use; the first one tells the selected mailbox's modseq (RFC 7162 §3.1)."""
        if not self.enabled("CONDSTORE"):
            self.machine.enabled.add("CONDSTORE")
            self.tell_modseq()

    def tell_modseq(self) -> None:
        """The modseq up to which the client knows of everything in the selected mailbox, if there is one: expunges may still wait to be told (RFC 7162 §3.2)."""
        if self.view is not None:
            known = min(self.view.gone_modseq, self.view.changed_modseq)
            self.out.status(b"*", "OK", "Highest", f"HIGHESTMODSEQ {known}")

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Runs `work` in a durable transaction. This is the only way from IMAP into the store: visitors have none."""
        if self.visiting:
            raise NotPermitted("Who is anonymous changes nothing")
        return await self.service.store.engine.write(work, Urgency.CLIENT)

    async def snapshot(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Runs the reads of `work` on one unchanging view."""
        return await self.service.store.engine.snapshot(work)

    async def drained(self) -> None:
        """Between two pieces of a long answer: waits until the client has read most of what is queued. Raises ConnectionError."""
        assert self.connection is not None
        if self.out.queued >= self.service.config.limits.queued // 4:
            await self.connection.drained()


Handler = Callable[[Conversation, Any], Awaitable[Answer | None]]  # None: the machine has its answer
Handlers = Mapping[type[Command], Handler]
