"""Watches one step of a lesson being done: which of its signs have been seen, what went wrong, which connection is the student's.

Pure: it is given what happens. Whoever makes a mistake begins the step again with its first sign. Not here: what is said about it (`telling`).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from postroom.lab.heard.feed import Happening
from postroom.lab.lessons.lesson import Action, Connect, Type
from postroom.lab.lessons.signs import Sign, from_server, is_command, is_own, refuses, shown
from postroom.lab.lessons.values import Values


class Seen(enum.Enum):
    """What a happening is for the step."""

    OTHER = "other"
    FITS = "fits"
    MISTYPED = "mistyped"  # a command, but not the one of this step
    REFUSED = "refused"  # the server says no where it should not
    MISSED = "missed"  # the server has answered before all lines of the step had come
    CUT = "cut"  # the student's connection has ended


class Attention:
    """`connection` is the student's, 0 before there is one; `do` is the step's action. `peer` is the address and port from which the student connects, "" where
    nobody knows: then it is the first client that comes."""

    def __init__(
        self, signs: Sequence[Sign], values: Values, connection: int, do: Action, peer: str = ""
    ) -> None:
        self._signs = signs
        self._values = values
        self._peer = peer
        self._opens = do if isinstance(do, Connect) else None
        self._whole = isinstance(do, Type) and "\n" in do.text  # its lines are answered together
        self._at = 0
        self.connection = connection
        self.expected = ""  # what was waited for when the last happening came
        self.replies: list[str] = []  # of the student's connection, that were signs

    @property
    def done(self) -> bool:
        """Whether all signs were seen."""
        return self._opens is None and self._at >= len(self._signs)

    @property
    def missing(self) -> str:
        """The pattern that is waited for."""
        if self._opens is not None:
            return f"a connection to {self._opens.service} of {self._opens.domain}"
        return self._signs[self._at].pattern.pattern if not self.done else ""

    def heard(self, happening: Happening) -> Seen:
        """Takes one happening in."""
        self.expected = self.missing
        if self._opens is not None:
            return self._opened(happening, self._opens)
        if self._fits(self._at, happening) or (self._at and self._fits(0, happening)):
            if happening.kind == "closed":
                self.connection = 0
            return Seen.FITS
        if not is_own(happening, self.connection):
            return Seen.OTHER
        return self._strange(happening)

    def _opened(self, happening: Happening, wanted: Connect) -> Seen:
        where = (happening.kind, happening.server, happening.service)
        if where != ("opened", wanted.domain, wanted.service) or happening.facts.get("name"):
            return Seen.OTHER
        if self._peer and happening.facts.get("peer") != self._peer:
            return Seen.OTHER  # another pupil, or a program, in the same lab
        self.connection = happening.connection
        self._opens = None
        return Seen.FITS

    def _fits(self, at: int, happening: Happening) -> bool:
        if at >= len(self._signs):
            return False
        found = self._signs[at].fits(happening, self.connection)
        if found is None:
            return False
        self._values.learn(found.groupdict())
        if happening.kind == "line" and happening.arrow in ("->", "~>") and not self._signs[at].server:
            self.replies.append(shown(happening)[3:])
        self._at = at + 1
        return True

    def _strange(self, happening: Happening) -> Seen:
        if happening.kind == "closed":
            self.connection = 0
            return Seen.CUT
        if refuses(happening):
            self._at = 0
            return Seen.REFUSED
        if self._whole and self._at and self._waits_for_client() and from_server(happening):
            self._at = 0
            return Seen.MISSED
        return Seen.MISTYPED if is_command(happening) and self._waits_for_client() else Seen.OTHER

    def _waits_for_client(self) -> bool:
        return self._at < len(self._signs) and self._signs[self._at].pattern.pattern.startswith("<")
