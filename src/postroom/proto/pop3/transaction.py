"""The TRANSACTION state: what the commands do to a snapshot of the maildrop.

RFC 1939 §5 and §7 (TOP, UIDL). Everything but the content of messages and their removal is answered here, without asking anyone. Not
here: the login, the framing of lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from postroom.proto.pop3.commands import COMMANDS
from postroom.proto.pop3.events import Code, Pop3Event, Retrieve, Update
from postroom.proto.pop3.replies import Replies
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.texts import Text
from postroom.wire.numbers import decimal

STRETCH = 1_024  # lines of a listing that are written in one go

Listed = Callable[[int, int], Iterable[str]]


class Transaction:
    """One maildrop in one session. Each handler takes a command's arguments and gives an event when it cannot answer alone."""

    __slots__ = ("_listed", "_next", "_replies", "snapshot")

    def __init__(self, replies: Replies, snapshot: Snapshot) -> None:
        self._replies = replies
        self.snapshot = snapshot
        self._listed: Listed | None = None
        self._next = 0

    def stat(self, _: list[bytes]) -> Pop3Event | None:
        """Nothing but the two numbers, as RFC 1939 §5 strongly advises."""
        self._replies.ok(f"{self.snapshot.count} {self.snapshot.octets}")
        return None

    def scan(self, arguments: list[bytes]) -> Pop3Event | None:
        """A scan listing of one message or of all."""
        if not arguments:
            words = self._replies.words(Text.MESSAGES, count=self.snapshot.count, octets=self.snapshot.octets)
            self._begin(words, self.snapshot.scan_lines)
        elif number := self._number(b"LIST", arguments):
            self._replies.ok(f"{number} {self.snapshot.size(number)}")
        return None

    def unique_ids(self, arguments: list[bytes]) -> Pop3Event | None:
        """The unique-id of one message or of all."""
        if not arguments:
            self._begin(self._replies.words(Text.UNIQUE_IDS), self.snapshot.unique_id_lines)
        elif number := self._number(b"UIDL", arguments):
            self._replies.ok(f"{number} {self.snapshot.unique_id(number)}")
        return None

    def _begin(self, words: str, listed: Listed) -> None:
        self._replies.ok(words)
        self._listed, self._next = listed, 1
        self.list_on()

    @property
    def listing(self) -> bool:
        """Whether a listing has begun and not ended: no command is looked at before it has."""
        return self._listed is not None

    def list_on(self) -> None:
        """Writes the next stretch of a listing, and its end behind the last."""
        assert self._listed is not None
        end = min(self._next + STRETCH, len(self.snapshot) + 1)
        self._replies.listing(self._listed(self._next, end))
        self._next = end
        if end > len(self.snapshot):
            self._listed = None
            self._replies.end()

    def retr(self, arguments: list[bytes]) -> Pop3Event | None:
        """The message has to come from outside."""
        number = self._number(b"RETR", arguments)
        return self.retrieval(number) if number else None

    def retrieval(self, number: int) -> Retrieve | None:
        """The event for a whole message; None when there is no unmarked one with this number."""
        snapshot = self.snapshot
        if not 0 < number <= len(snapshot) or snapshot.is_deleted(number):
            return None
        return Retrieve(number, snapshot.uid(number), snapshot.size(number))

    def top(self, arguments: list[bytes]) -> Pop3Event | None:
        """So does its header with some lines."""
        number = self._number(b"TOP", arguments)
        if not number:
            return None
        lines = decimal(arguments[1])
        if lines is None:
            self._replies.fault(self._replies.words(Text.NOT_A_NUMBER, syntax=COMMANDS[b"TOP"].syntax))
            return None
        return Retrieve(number, self.snapshot.uid(number), self.snapshot.size(number), lines)

    def dele(self, arguments: list[bytes]) -> Pop3Event | None:
        """Marks; nothing is removed before QUIT."""
        if self.snapshot.read_only:
            self._replies.err(self._replies.words(Text.READ_ONLY), Code.SYS_PERM)
        elif number := self._number(b"DELE", arguments):
            self.snapshot.delete(number)
            self._replies.ok(self._replies.words(Text.MARKED, number=number))
        return None

    def rset(self, _: list[bytes]) -> Pop3Event | None:
        """Takes the marks away."""
        self.snapshot.reset()
        count, octets = self.snapshot.count, self.snapshot.octets
        self._replies.ok(self._replies.words(Text.UNMARKED, count=count, octets=octets))
        return None

    def noop(self, _: list[bytes]) -> Pop3Event | None:
        """Keeps the session alive."""
        self._replies.ok(self._replies.words(Text.NOTHING_DONE))
        return None

    def update(self) -> Update | None:
        """What QUIT is to remove; None when nothing is marked."""
        numbers = tuple(self.snapshot.deleted())
        return Update(numbers, tuple(map(self.snapshot.uid, numbers))) if numbers else None

    def _number(self, verb: bytes, arguments: list[bytes]) -> int:
        """The number of an unmarked message; 0 after the fault was answered."""
        number = decimal(arguments[0])
        if number is None:
            self._replies.fault(self._replies.words(Text.NOT_A_NUMBER, syntax=COMMANDS[verb].syntax))
        elif not 0 < number <= len(self.snapshot):
            self._replies.err(self._replies.words(Text.NO_SUCH_MESSAGE, count=len(self.snapshot)))
        elif self.snapshot.is_deleted(number):
            self._replies.err(self._replies.words(Text.ALREADY_DELETED, number=number))
        else:
            return number
        return 0


HANDLERS: dict[bytes, Callable[[Transaction, list[bytes]], Pop3Event | None]] = {
    b"STAT": Transaction.stat,
    b"LIST": Transaction.scan,
    b"UIDL": Transaction.unique_ids,
    b"RETR": Transaction.retr,
    b"TOP": Transaction.top,
    b"DELE": Transaction.dele,
    b"RSET": Transaction.rset,
    b"NOOP": Transaction.noop,
}
