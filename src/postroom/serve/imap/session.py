"""IMAP sessions: the pump's side of a conversation.

RFC 9051 §5.4 (the autologout timer), §5.5, §7.1. One command after the other; before the tagged answer of each the session tells what is new in the
selected mailbox, as far as it may, and while the client idles, or after NOTIFY (RFC 5465 §3.1) whenever no command is at work, it tells news as it
comes. Not here: the commands (`serve.imap.dispatch`).
"""

from __future__ import annotations

import asyncio

from postroom.message.errors import MailError
from postroom.net.session import Connection, TlsFacts
from postroom.proto.imap.events import Drain, Given, ImapEvent
from postroom.proto.imap.server import ImapServer
from postroom.proto.imap.verb import State
from postroom.serve.imap.changing.appending import arriving
from postroom.serve.imap.conversation.conversation import (
    DEFAULT_LANGUAGE,
    Conversation,
    ImapService,
    Refusal,
    refused,
)
from postroom.serve.imap.conversation.watch import Told
from postroom.serve.imap.dispatch import HANDLERS
from postroom.serve.imap.watching import watching
from postroom.serve.imap.watching.telling import hold_back, tell
from postroom.serve.logins import attach

SILENCE_BEFORE_LOGIN = 60.0  # seconds
MOST_BEFORE_LOGIN = 180.0  # seconds in all, however busy
PROGRESS_SECONDS = 10.0  # after which a command that goes on gives a sign of life, again and again
# Commands that may take long and do not send their answer in pieces, into which nothing may be put.
LONG = frozenset(
    uid + verb
    for uid in (b"", b"UID ")
    for verb in (b"SEARCH", b"SORT", b"THREAD", b"STORE", b"COPY", b"MOVE", b"EXPUNGE")
) | {b"ESEARCH", b"CLOSE", b"DELETE", b"RENAME"}
# Commands whose own answer the expunges are, wanted by NOTIFY or not.
EXPUNGING = frozenset(uid + verb for uid in (b"", b"UID ") for verb in (b"EXPUNGE", b"MOVE", b"REPLACE"))
WAITING = frozenset({b"NOOP", b"CHECK"})  # commands of clients that wait for news
SILENCE = 1860.0  # seconds; RFC 9051 §5.4: at least thirty minutes
SILENT_BODY = 300.0  # seconds without an octet of a message that has begun
LONGEST_BODY = 7200.0  # seconds that one APPEND may take without a word of ours


class ImapSession:
    """One connection."""

    def __init__(self, service: ImapService) -> None:
        self._conversation = Conversation(service)
        self.machine: ImapServer = self._conversation.machine
        self._conversation.on_news = self._news
        self._telling: asyncio.Task[None] | None = None
        self._more = self._busy = False
        self._fault: Exception | None = None  # of ours, while news was told

    def opened(self, connection: Connection) -> None:
        """Greets."""
        self._conversation.connection = connection
        attach(self.machine, connection, connection.tls)
        self.machine.greet(secure=connection.tls is not None)

    async def handle(self, event: ImapEvent) -> None:
        """Answers one event."""
        self._busy = True
        try:
            if self._telling is not None:
                await self._telling
            if self._fault is not None:
                raise self._fault
            if isinstance(event, Given):
                await self._carry_out(event)
            elif isinstance(event, Drain):
                await self._drain()
            else:
                await arriving(self._conversation, event)
        finally:
            self._busy = False
        if not isinstance(event, Drain):
            self._look_for_news()
        elif self._more:  # if it was no whole command that made the news wait
            asyncio.get_running_loop().call_later(0.0, self._look_for_news)

    async def _drain(self) -> None:
        assert self._conversation.connection is not None
        await self._conversation.connection.drained()
        self.machine.go_on()

    async def _carry_out(self, given: Given) -> None:
        conversation = self._conversation
        if given.verb in LONG:
            self._await_progress()
        try:
            answer = await HANDLERS[type(given.command)](conversation, given.command)
        except Refusal as refusal:
            answer = refusal.answer
        except MailError as error:
            answer = refused(error)
        finally:
            conversation.end_progress()
        if answer is None:
            return
        if not self.machine.closing:
            try:
                await self._tell_before(given)
            except MailError:  # what was done is done, and is to be answered
                self._fall_behind()
        self.machine.finish(answer.status, answer.words, answer.code)

    async def _tell_before(self, given: Given) -> None:
        """What is told before the tagged answer of a command."""
        conversation = self._conversation
        if given.verb in EXPUNGING and conversation.wishes is not None:
            await tell(conversation, Told(arrivals=False, flags=False), asked=True)
        allowed = Told(expunges=given.expunges)
        await tell(conversation, allowed)
        await hold_back(conversation, allowed)
        if given.verb in WAITING:
            await watching.tell(conversation)

    def _fall_behind(self) -> None:
        """The next command, or the next change, tells what could not be told now."""
        if self._conversation.watch is not None:
            self._conversation.watch.behind = True

    def _await_progress(self) -> None:
        later = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._progress)
        self._conversation.progress = later

    def _progress(self) -> None:
        """The command at hand takes long: a sign of life (RFC 9585 §4), and not the last one, lest a client gives it up and begins anew."""
        self._await_progress()
        self.machine.progress()
        if self._conversation.connection is not None:
            self._conversation.connection.wake()

    def secured(self, facts: TlsFacts) -> None:
        """From here on nothing counts that came before, not even the language (RFC 5255 §3.1)."""
        self._conversation.speak(DEFAULT_LANGUAGE)
        attach(self.machine, self._conversation.connection, facts)
        self.machine.tls_started()

    def overdue(self) -> None:
        """The client has gone without a word."""
        self.machine.bye("Logged out for inactivity")

    def failed(self) -> None:
        """A fault of ours."""
        self.machine.bye("Internal error, try again later", "SERVERBUG")

    def dismissed(self) -> None:
        """The service stops, or the login has ended; but not within a message that is told. Raises what telling has met: the pump reports it and closes."""
        if self._telling is not None:
            return
        if self._fault is not None:
            raise self._fault
        if self._conversation.stay.ended:
            self.machine.bye("What you have logged in with is not good any more")
        else:
            self.machine.bye("The server is shutting down", "UNAVAILABLE")

    def closed(self, reason: str) -> None:
        """Lets go of everything."""
        del reason
        if self._telling is not None:
            self._telling.cancel()
        self._conversation.leave()

    def deadline(self) -> float:
        """Half an hour for whoever is logged in; little for whoever is not, and not for ever."""
        if self.machine.arrival is not None:
            return self._body_deadline()
        if self.machine.state is not State.NOT_AUTHENTICATED:
            return SILENCE
        connection = self._conversation.connection
        lasted = connection.quiet_since - connection.opened_at if connection is not None else 0.0
        return max(0.0, min(SILENCE_BEFORE_LOGIN, MOST_BEFORE_LOGIN - lasted))

    def _body_deadline(self) -> float:
        """Seconds since our last word: messages that keep coming have more of them, up to an end."""
        connection = self._conversation.connection
        coming = 0.0 if connection is None else max(0.0, connection.heard_at - connection.quiet_since)
        return min(LONGEST_BODY, coming + SILENT_BODY)

    # ---------------------------------------------------------------------------------------------------------------- news

    def _news(self) -> None:
        """Something happened in an account that is watched; only who idles or has said NOTIFY hears of it at once, or once he does."""
        self._more = True
        if self._waits:
            self._look_for_news()
        else:
            self._conversation.overlook()

    @property
    def _waits(self) -> bool:
        """Whether the client is to hear of news when they come."""
        return self.machine.idling or self._conversation.wishes is not None

    def _look_for_news(self) -> None:
        """Tells what there is to tell, unless a command is at work, which has its own answers to give first, or its messages are still coming."""
        resting = self._telling is None and not self._busy and self.machine.arrival is None
        if self._more and self._waits and resting:
            self.machine.telling = True
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        conversation = self._conversation
        try:
            yields = False  # to a command, before there is more news
            while self._more and not yields and not self.machine.closing:
                self._more = False
                conversation.overlook()
                delayed = conversation.wishes is not None and conversation.wishes.delayed
                await tell(conversation, Told(expunges=self.machine.idling or not delayed))
                await watching.tell(conversation)
                if conversation.connection is not None:  # a client that does not read is told less often
                    await conversation.connection.drained()
                yields = self._busy
        except MailError:
            self._fall_behind()
        except ConnectionError:
            pass  # nobody is there to be told
        except Exception as error:  # noqa: BLE001 -- a fault must not become a silent hang
            self._fault = error
        finally:
            self._telling, self.machine.telling = None, False
        if conversation.connection is not None and self._fault is not None:
            conversation.connection.dismiss()
        elif conversation.connection is not None:
            conversation.connection.wake()
