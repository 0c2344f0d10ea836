"""One connection to one filter: opened when it is first needed, kept for all messages of a client, given up when it fails.

What the filter says of a command becomes an outcome; a filter that cannot be reached, is too slow or breaks the protocol gives the outcome that
the settings name. Not here: the order of commands (`milters`), what a change does to a message (`proto.milter.editing`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from postroom.message.errors import Dictated, EnhancedStatus, MailError, MessageTooBig
from postroom.message.printable import printable
from postroom.net.connect import ClientConnection, NetworkError
from postroom.net.local_connect import Socket, connect_to
from postroom.proto.milter.changes import (
    BadMilter,
    BodyReplaced,
    Change,
    Kind,
    Options,
    Progress,
    Said,
    Verdict,
)
from postroom.proto.milter.client import MilterClient
from postroom.proto.milter.codes import Command

MOST_PROGRESS = 100  # times that a filter may ask for more time
MOST_WORDS = 400  # characters of a filter's reply
FAILURES = ("tempfail", "accept", "reject")
_REPLY = re.compile(r"([45][0-9]{2})(?:[ -]([245])\.([0-9]{1,3})\.([0-9]{1,3}))?(?:[ -](.*))?", re.DOTALL)


class MilterTerms(msgspec.Struct, frozen=True):
    """A filter of the settings: how long it may take to connect, for a command, for the end of a message, and what happens when it fails."""

    name: str
    socket: Socket
    connect_seconds: float = 10.0
    seconds: float = 30.0
    end_seconds: float = 120.0
    on_failure: str = "tempfail"


class Discarded(Exception):
    """The filter wants the message thrown away, and its sender told that it was taken."""


class MilterTalk:
    """The filter, for one client. `tell` logs an event with its facts; `largest`: octets of a message, and so of a body that it makes."""

    def __init__(self, terms: MilterTerms, tell: Callable[..., object], largest: int) -> None:
        self.terms = terms
        self._largest = largest
        self.machine = MilterClient()
        self.greeted = ""  # the last HELO that it heard
        self.dead = False  # it failed, and mail goes on without it
        self.refused: MailError | None = None  # at CONNECT: for good; at HELO: until the client greets anew
        self._failed: MailError | None = None  # for the rest of the message that it failed in
        self._tell = tell
        self._connection: ClientConnection[Said] | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that may be used."""
        return self._connection is not None and self._connection.alive

    async def open(self) -> None:
        """Connects and negotiates. Raises the `MailError` of a filter that fails."""
        await asyncio.sleep(0)  # connecting needs a task
        self.close()
        self.machine, self.greeted, self.refused = MilterClient(), "", None
        self._failed = None
        terms = self.terms
        try:
            self._connection = await connect_to(self.machine, terms.socket, terms.connect_seconds)
            self.machine.negotiate()
            await self._connection.event(terms.seconds)
        except (NetworkError, BadMilter) as error:
            self.fail(str(error))

    async def say(
        self, command: Command, data: bytes = b"", macros: Mapping[str, str] | None = None
    ) -> list[Change]:
        """Says a command and waits for what it wants: nothing, or changes at the end of a message.

        Raises the `MailError` of a refusal, and Discarded.
        """
        connection = self._connection
        if self._failed is not None:  # a message that it has not seen to the end is not taken
            raise self._failed.with_traceback(None)
        if connection is None:
            return []
        changes: list[Change] = []
        try:
            if not self.machine.say(command, data, macros):
                await connection.flush(self.terms.seconds)
                return []
            seconds = self.terms.end_seconds if command is Command.END else self.terms.seconds
            left, room = MOST_PROGRESS, self._largest
            while not isinstance(said := await connection.event(seconds), Verdict):
                if not isinstance(said, Options | Progress):
                    changes.append(said)
                    room -= len(said.piece) if isinstance(said, BodyReplaced) else 0
                    if room < 0:
                        self.close()
                        raise MessageTooBig(detail=f"filter {self.terms.name} made it too big")
                elif not left:
                    self.fail("it asks for more time again and again")
                    return []
                else:
                    left -= 1
        except (NetworkError, BadMilter) as error:
            self.fail(str(error))
            return []
        self._obey(said)
        return changes

    def abort(self) -> None:
        """The message that it heard of came to nothing."""
        if self.is_open and self._connection is not None:
            self.machine.abort()
            self._connection.say()

    def close(self) -> None:
        """Takes leave."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if connection.alive:
                self.machine.quit()
            connection.close()

    def _obey(self, verdict: Verdict) -> None:
        if verdict.kind is Kind.DISCARD:
            raise Discarded
        if verdict.kind in {Kind.REJECT, Kind.TEMPFAIL}:
            raise dictated(verdict, f"filter {self.terms.name}")

    def fail(self, why: str) -> None:
        """What a failing filter means for the mail."""
        self.close()
        on_failure = self.terms.on_failure
        self._tell(
            "filter.failed", filter=self.terms.name, socket=str(self.terms.socket), why=why, then=on_failure
        )
        self.dead = on_failure == "accept"
        if not self.dead:
            self._failed = Dictated(*_FAILED[on_failure], detail=f"filter {self.terms.name}: {why}")
            raise self._failed


def dictated(verdict: Verdict, detail: str) -> Dictated:
    """The error for a refusal: with the filter's own reply where it gave one that makes sense."""
    found = _REPLY.fullmatch(verdict.reply)
    if found is None:
        return Dictated(*_REFUSED[verdict.kind], detail=detail)
    code, klass, subject, number, words = found.groups()
    default = _REFUSED[verdict.kind]
    own = klass is not None and klass == code[0]
    status = EnhancedStatus(int(klass), int(subject), int(number)) if own else default[1]
    text = " ".join(
        re.sub(r"[\r\n]+[45][0-9]{2}[ -](?:[245]\.[0-9]{1,3}\.[0-9]{1,3} )?", " ", words or "").split()
    )
    return Dictated(
        int(code), status, printable(text.replace("%%", "%"), MOST_WORDS) or default[2], detail=detail
    )


_REFUSED: Mapping[Kind, tuple[int, EnhancedStatus, str]] = MappingProxyType(
    {
        Kind.REJECT: (550, EnhancedStatus(5, 7, 1), "Refused by a filter"),
        Kind.TEMPFAIL: (451, EnhancedStatus(4, 7, 1), "A filter cannot decide now, try again later"),
    }
)
_FAILED: Mapping[str, tuple[int, EnhancedStatus, str]] = MappingProxyType(
    {
        "tempfail": (451, EnhancedStatus(4, 3, 0), "A filter is not available, try again later"),
        "reject": (550, EnhancedStatus(5, 3, 0), "A filter is not available"),
    }
)
