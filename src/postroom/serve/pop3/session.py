"""POP3 sessions: what the commands of RFC 1939 mean for an account and its inbox.

Sessions do not lock the maildrop. RFC 1939 §4 asks for an exclusive lock "as necessary to prevent messages from being modified or removed";
here messages never change, and a session works on the snapshot it took at its login, so several sessions, and IMAP beside them, may be
open at once. A lock would have to be answered with [IN-USE], and one telephone that lost its network would shut everyone else out until
the ten minutes of the inactivity timer are over. [IN-USE] is said only to an account that holds very many sessions. What another session
removes meanwhile can still be read for as long as the store keeps its octets, and then answers [SYS/PERM]; removing it once more is no
error.

A message with octets above 127 in its header goes to a session that did not say UTF8 as a surrogate in ASCII (RFC 6856 §2.1, see
`serve.pop3.surrogate`): a refusal would stop most mail programs at that message for good. RFC 2595, RFC 2449, RFC 5034 and RFC 3206 as the
machine has them. Not here: the commands themselves (`proto.pop3`), where messages and passwords are kept.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

import msgspec

from postroom.message.errors import (
    AuthenticationFailed,
    MailboxDisabled,
    MailError,
    NotPermitted,
    TooManyLogins,
)
from postroom.message.journey.events import Hop, HopKind
from postroom.net.session import Connection, TlsFacts
from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.commands import State
from postroom.proto.pop3.events import (
    ApopLogin,
    Asked,
    Code,
    Drain,
    Login,
    Pop3Event,
    Retrieve,
    SaslLogin,
    StartTls,
    Update,
)
from postroom.proto.pop3.server import Pop3Server
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.texts import Text
from postroom.serve.logins import LoggedIn, Logins, attach, caller, judge, tell
from postroom.serve.pop3.facts import SessionFacts
from postroom.serve.pop3.surrogate import surrogate
from postroom.serve.pop3.visits import Visits
from postroom.serve.standing import Standing, Stay

SILENCE_BEFORE_LOGIN = 60.0  # seconds
MOST_BEFORE_LOGIN = 180.0  # seconds in all, however busy
SILENCE = 600.0  # seconds, RFC 1939 §3: at least ten minutes


class Pop3Logins(Logins, Protocol):
    """APOP besides."""

    async def apop(self, ip: str, username: str, challenge: bytes, digest: str) -> LoggedIn:
        """By the MD5 of the greeting's timestamp and the account's shared secret."""


Content = bytes | AsyncGenerator[bytes, None]


class Maildrop(Protocol):
    """The inbox of one account as it was when it was opened."""

    snapshot: Snapshot

    async def read(self, number: int) -> Content | None:
        """A message, in pieces when it is large (its header in the first); None when it is there no more."""

    def retrieved(self, number: int, hop: Hop) -> None:
        """Adds to the journey of a message, sooner or later; never waits."""

    async def remove(self, numbers: Sequence[int], hop: Hop) -> None:
        """Removes messages for good, all or none; those that are gone already count as removed. Durable when it returns."""

    def close(self) -> None:
        """The session is over."""


class Maildrops(Protocol):
    """Opens maildrops."""

    async def open(self, account_id: int) -> Maildrop:
        """Takes the snapshot."""


class Pop3Service(msgspec.Struct):
    """What all sessions of one listener share.

    `now` gives unix microseconds; `tls` the context for STLS, None without it; `stamp` makes a timestamp never used before for APOP, None
    without it.
    """

    config: Pop3Config
    logins: Pop3Logins
    maildrops: Maildrops
    visits: Visits
    now: Callable[[], int]
    tls: Callable[[], ssl.SSLContext] | None = None
    stamp: Callable[[], str] | None = None
    standing: Standing = msgspec.field(default_factory=Standing)


class Pop3Session:
    """One connection."""

    def __init__(self, service: Pop3Service) -> None:
        self.machine = Pop3Server(service.config)
        self._service = service
        self._connection: Connection | None = None
        self._account_id: int | None = None
        self._stay = Stay(service.standing)
        self._maildrop: Maildrop | None = None
        self._facts = SessionFacts()

    # ------------------------------------------------------------------------------------------------------ for the pump

    def opened(self, connection: Connection) -> None:
        """Greets."""
        self._connection = connection
        self._facts.opened(connection)
        stamp = self._service.stamp
        attach(self.machine, connection, connection.tls)
        self.machine.greet(secure=connection.tls is not None, timestamp=stamp() if stamp else "")

    async def handle(self, event: Pop3Event) -> None:
        """Answers one event."""
        if isinstance(event, Retrieve):
            await self._retrieve(event)
        elif isinstance(event, (Login, ApopLogin, SaslLogin)):
            await self._log_in(event)
        elif isinstance(event, Asked):
            await self._tell(event)
        elif isinstance(event, Update):
            await self._update(event)
        elif isinstance(event, StartTls):
            self._start_tls()
        else:
            assert isinstance(event, Drain)
            await self._drained()
            self.machine.go_on()

    def secured(self, facts: TlsFacts) -> None:
        """From here on nothing counts that came before."""
        self._facts.secured(facts, self.machine.take_dialogue())
        attach(self.machine, self._connection, facts)
        self.machine.tls_started()

    def overdue(self) -> None:
        """Says nothing, as RFC 1939 §3 wants it, and removes nothing."""

    def failed(self) -> None:
        """A fault of ours."""
        self.machine.turn_away(Text.TRY_LATER)

    def dismissed(self) -> None:
        """The service stops, or the login has ended; but not within a listing: one that is cut off is of no use."""
        if self.machine.answering:
            return
        if self._stay.ended:
            self.machine.turn_away(Text.LOGIN_ENDED, Code.SYS_PERM)
        else:
            self.machine.turn_away(Text.SHUTTING_DOWN)

    def closed(self, reason: str) -> None:
        """Lets go of the maildrop. What was marked and not updated stays (RFC 1939 §6)."""
        del reason
        self._leave()

    def deadline(self) -> float:
        """Ten minutes for whoever is logged in; little for whoever is not, and not for ever."""
        if self.machine.state is not State.AUTHORIZATION:
            return SILENCE
        connection = self._connection
        lasted = connection.quiet_since - connection.opened_at if connection is not None else 0.0
        return max(0.0, min(SILENCE_BEFORE_LOGIN, MOST_BEFORE_LOGIN - lasted))

    # --------------------------------------------------------------------------------------------------------- the login

    def _start_tls(self) -> None:
        assert self._connection is not None
        if self._service.tls is None:
            self.machine.refuse(Text.NO_STLS)
        elif self.machine.begin_tls():
            self._connection.start_tls(self._service.tls())

    async def _tell(self, event: Asked) -> None:
        """A SASL exchange goes on."""
        assert self._connection is not None
        try:
            who = caller("pop3", self._connection)
            self.machine.tell(await tell(self._service.logins, who, event.about))
        except TooManyLogins as error:  # its words say how long to wait
            self.machine.refuse(error.public, Code.SYS_TEMP)
        except AuthenticationFailed:
            self.machine.refuse(Text.WRONG_CREDENTIALS, Code.AUTH)
        except MailError:
            self.machine.refuse(Text.TRY_LATER, Code.SYS_TEMP)

    async def _log_in(self, event: Login | ApopLogin | SaslLogin) -> None:
        machine, visits = self.machine, self._service.visits
        try:
            login = await self._check(event)
            code = visits.enter(login.account_id, self._service.now())
            if code is Code.NONE:
                self._account_id = login.account_id
                self._maildrop = await self._service.maildrops.open(login.account_id)
        except AuthenticationFailed:
            machine.refuse(Text.WRONG_CREDENTIALS, Code.AUTH)
        except TooManyLogins as error:  # its words say how long to wait
            machine.refuse(error.public, Code.SYS_TEMP)
        except (MailboxDisabled, NotPermitted) as error:
            self._leave()
            machine.refuse(error.public, Code.SYS_PERM)
        except MailError:
            self._leave()
            machine.refuse(Text.TRY_LATER, Code.SYS_TEMP)
        else:
            if self._maildrop is None:
                text = Text.LOGIN_DELAY if code is Code.LOGIN_DELAY else Text.TOO_MANY_SESSIONS
                machine.refuse(text, code, seconds=visits.delay)
                return
            assert self._connection is not None
            self._stay.begin(login.ground, self._connection.dismiss)
            self._facts.logged_in(login.address, "APOP" if isinstance(event, ApopLogin) else event.mechanism)
            machine.logged_in(login.address, self._maildrop.snapshot)

    async def _check(self, event: Login | ApopLogin | SaslLogin) -> LoggedIn:
        assert self._connection is not None
        logins, ip = self._service.logins, self._connection.peer.ip
        if isinstance(event, ApopLogin):
            return await logins.apop(ip, event.user, event.timestamp.encode(), event.digest)
        if isinstance(event, SaslLogin):
            return await judge(logins, caller("pop3", self._connection), event.claim)
        return await logins.authenticate("pop3", ip, event.user, event.password.encode(), event.authorize_as)

    def _leave(self) -> None:
        self._stay.leave()
        if self._maildrop is not None:
            self._maildrop.close()
            self._maildrop = None
        if self._account_id is not None:
            self._service.visits.leave(self._account_id)
            self._account_id = None

    # ------------------------------------------------------------------------------------------------------- the maildrop

    async def _retrieve(self, event: Retrieve) -> None:
        machine, maildrop = self.machine, self._maildrop
        assert maildrop is not None
        try:
            content = await maildrop.read(event.number)
        except MailError:
            machine.refuse(Text.TRY_LATER, Code.SYS_TEMP)
            return
        if content is None:
            machine.refuse(Text.GONE, Code.SYS_PERM)
            return
        if isinstance(content, bytes):
            machine.message(content if machine.utf8 else surrogate(content))
        elif not await self._retrieve_pieces(content):
            return
        if event.lines is None:
            now = self._service.now()
            maildrop.retrieved(event.number, self._facts.hop(HopKind.READ, now, machine.take_dialogue()))

    async def _retrieve_pieces(self, content: AsyncGenerator[bytes, None]) -> bool:
        """Sends a large message at the pace of the client; False when it broke off."""
        machine = self.machine
        machine.message_begins()
        at_start = True
        try:
            async with aclosing(content):
                async for piece in content:
                    wanted = machine.message_piece(
                        surrogate(piece, whole=False) if at_start and not machine.utf8 else piece
                    )
                    at_start = False
                    if not wanted:
                        break
                    await self._drained()
        except MailError:
            machine.message_breaks()
            return False
        machine.message_ends()
        return True

    async def _update(self, event: Update) -> None:
        assert self._maildrop is not None
        hop = self._facts.hop(HopKind.DELETED, self._service.now(), self.machine.take_dialogue())
        try:
            await self._maildrop.remove(event.numbers, hop)
        except MailError:
            self.machine.refuse(Text.NOT_REMOVED, Code.SYS_TEMP)
        else:
            self.machine.updated()

    async def _drained(self) -> None:
        assert self._connection is not None
        await self._connection.drained()
