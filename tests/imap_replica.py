"""A mailbox as a client believes it to be, made only of what the server tells it.

Every untagged line is applied to the letter; a line that cannot be true (an EXPUNGE of what is not there, an EXISTS that shrinks, a FETCH of an
unknown number, a uid that changes or comes twice) fails at once. What this client believes in the end must be what the store has.
"""

import re

import msgspec

_EXISTS = re.compile(r"\* (\d+) EXISTS\Z")
_EXPUNGE = re.compile(r"\* (\d+) EXPUNGE\Z")
_VANISHED = re.compile(r"\* VANISHED ([\d:,]+)\Z")
_EARLIER = re.compile(r"\* VANISHED \(EARLIER\) ([\d:,]+)\Z")
_UIDFETCH = re.compile(r"\* (\d+) UIDFETCH \((.*)\)\Z")
_FETCH = re.compile(r"\* (\d+) FETCH \((.*)\)\Z")
_UID = re.compile(r"\bUID (\d+)")
_FLAGS = re.compile(r"FLAGS \(([^)]*)\)")
_MODSEQ = re.compile(r"MODSEQ \((\d+)\)")
_HIGHEST = re.compile(r"\[HIGHESTMODSEQ (\d+)\]")


class Believed(msgspec.Struct):
    """One message: uid 0 and flags None while they are not known."""

    uid: int = 0
    flags: frozenset[str] | None = None


class Replica:
    """`modseq` is what the client may say in QRESYNC: all up to it has been told. `uid_only`: after ENABLE UIDONLY (RFC 9586)."""

    def __init__(self, *, uid_only: bool = False) -> None:
        self.uid_only = uid_only
        self.rows: list[Believed] = []
        self.modseq = 0
        self.selecting = False

    def begin(self) -> None:
        """A SELECT: EXISTS sets the size, and what was believed before counts only for QRESYNC."""
        self.selecting = True

    def hear(self, lines: list[str]) -> None:
        """Applies what was said."""
        for line in lines:
            self._hear(line)

    def _hear(self, line: str) -> None:
        if found := _EXISTS.match(line):
            self._exists(int(found[1]))
        elif found := _EXPUNGE.match(line):
            assert not self.uid_only, line
            number = int(found[1])
            assert 1 <= number <= len(self.rows), (line, len(self.rows))
            del self.rows[number - 1]
        elif found := _VANISHED.match(line):
            self._vanish(expand(found[1]))
        elif found := _UIDFETCH.match(line):
            self._uid_fetch(int(found[1]), found[2])
        elif found := _FETCH.match(line):
            self._fetch(int(found[1]), found[2])
        if found := _HIGHEST.search(line):
            self.modseq = max(self.modseq, int(found[1]))

    def _uid_fetch(self, uid: int, items: str) -> None:
        """Where messages have no numbers, a new uid is that of one of the nameless ones, which all stand at the end."""
        assert self.uid_only, items
        if uid not in {row.uid for row in self.rows}:
            assert self.rows, uid
            assert not self.rows.pop().uid, uid
            named = [row for row in self.rows if row.uid] + [Believed(uid)]
            self.rows = sorted(named, key=lambda row: row.uid) + [row for row in self.rows if not row.uid]
        self._fetch(1 + next(n for n, row in enumerate(self.rows) if row.uid == uid), items, numbered=False)

    def _vanish(self, gone: set[int]) -> None:
        """A uid that was never asked for is that of a nameless message between its known neighbours; such messages are all alike."""
        if self.uid_only:
            for _ in gone - {row.uid for row in self.rows}:
                assert not self.rows.pop().uid, gone
            gone &= {row.uid for row in self.rows}
        for uid in sorted(gone - {row.uid for row in self.rows}, reverse=True):
            above = next((n for n, row in enumerate(self.rows) if row.uid > uid), len(self.rows))
            assert above, (uid, self.rows)
            assert not self.rows[above - 1].uid, (uid, self.rows)
            del self.rows[above - 1]
        self.rows = [row for row in self.rows if row.uid not in gone]

    def _exists(self, count: int) -> None:
        if self.selecting:
            self.selecting = False
            self.rows = [Believed() for _ in range(count)]
            return
        assert count >= len(self.rows), f"EXISTS {count} with {len(self.rows)} messages"
        self.rows += [Believed() for _ in range(count - len(self.rows))]

    def _fetch(self, number: int, items: str, *, numbered: bool = True) -> None:
        assert numbered is not self.uid_only, items
        assert 1 <= number <= len(self.rows), (number, items, len(self.rows))
        row = self.rows[number - 1]
        if found := _UID.search(items):
            uid = int(found[1])
            assert row.uid in (0, uid), f"message {number} was {row.uid} and is {uid}"
            assert all(other.uid != uid for other in self.rows if other is not row), f"uid {uid} twice"
            row.uid = uid
        if found := _FLAGS.search(items):
            row.flags = frozenset(found[1].split()) - {"\\Recent"}
        if found := _MODSEQ.search(items):
            self.modseq = max(self.modseq, int(found[1]))

    def unknown(self) -> list[int]:
        """Numbers of messages of which something is not known."""
        return [n for n, row in enumerate(self.rows, 1) if not row.uid or row.flags is None]

    def resync(self, lines: list[str], before: list[Believed]) -> None:
        """What is believed after a SELECT with QRESYNC: what was `before`, without what vanished, with what changed; new messages are unknown."""
        gone: set[int] = set()
        for line in lines:
            if found := _EARLIER.match(line) or _VANISHED.match(
                line
            ):  # the latter meanwhile, behind the answer's own lines
                gone |= expand(found[1])
        kept = [row for row in before if row.uid not in gone]
        assert len(kept) <= len(self.rows), (
            f"{len(before)} messages without {sorted(gone)} are more than {len(self.rows)}"
        )
        for row, old in zip(self.rows, kept, strict=False):
            assert row.uid in (0, old.uid), (row, old)
            row.uid = old.uid
            if row.flags is None:
                row.flags = old.flags

    def believed(self) -> list[tuple[int, frozenset[str]]]:
        """(uid, flags) of all, in order."""
        return [(row.uid, row.flags or frozenset()) for row in self.rows]


def expand(text: str) -> set[int]:
    """`1:3,5` as numbers."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition(":")
        found.update(range(int(first), int(last or first) + 1))
    return found
