"""Watches one step of a lesson being done: which of its signs have been seen, what went wrong, which connection is the student's.

Pure: it is given what happens. Whoever makes a mistake begins the step again with its first sign. Not here: what is said about it (`telling`).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from postroom.lab.heard.feed import Happening
from postroom.lab.lessons.lesson import Action, Connect, Type
from postroom.lab.lessons.signs import Sign, completes, from_server, is_command, is_own, refuses, shown
from postroom.lab.lessons.values import Values


class Seen(enum.Enum):
    """What a happening is for the step."""

    OTHER = "other"
    FITS = "fits"
    MISTYPED = "mistyped"  # a command, but not the one of this step, or the end of an answer in which its signs were not
    REFUSED = "refused"  # the server says no where it should not
    MISSED = "missed"  # the server has answered other lines than those of the step, or, of those to be sent together, each by itself
    CUT = "cut"  # the student's connection has ended


class Attention:
    """`connection` is the student's, 0 before there is one; `do` is the step's action. `peer` is the address and port from which the student connects, "" where
    nobody knows: then it is the first client that comes."""

    def __init__(
        self, signs: Sequence[Sign], values: Values, connection: int, do: Action, peer: str = ""
    ) -> None:
        self._signs = signs
        self._left = list(signs)
        self._values = values
        self._peer = peer
        self._opens = do if isinstance(do, Connect) else None
        self._whole = isinstance(do, Type) and "\n" in do.text  # its lines are answered together
        self._at_once = isinstance(do, Type) and do.at_once
        self._unanswered = 0  # how many commands of the step wait for their reply
        self._together = False  # whether two have waited at the same time
        self.connection = connection
        self.expected = ""  # what was waited for when the last happening came
        self.replies: list[str] = []  # of the student's connection, that were signs

    @property
    def done(self) -> bool:
        """Whether all signs were seen."""
        return self._opens is None and not self._left

    @property
    def missing(self) -> str:
        """The pattern that is waited for."""
        if self._opens is not None:
            return f"a connection to {self._opens.service} of {self._opens.domain}"
        return self._left[0].pattern.pattern if self._left else ""

    def heard(self, happening: Happening) -> Seen:
        """Takes one happening in."""
        self.expected = self.missing
        if self._opens is not None:
            return self._opened(happening, self._opens)
        if self._fits(happening):
            return self._went_on(happening)
        if not is_own(happening, self.connection):
            return Seen.OTHER
        return self._strange(happening)

    def _went_on(self, happening: Happening) -> Seen:
        if happening.kind == "closed":
            self.connection = 0
        self._unanswered += -1 if from_server(happening) else is_command(happening)
        self._together = self._together or self._unanswered > 1
        if self._at_once and self.done and not self._together:
            self._begin_again()
            return Seen.MISSED
        return Seen.FITS

    def _begin_again(self) -> None:
        self._left = list(self._signs)
        self._unanswered, self._together = 0, False

    def _opened(self, happening: Happening, wanted: Connect) -> Seen:
        where = (happening.kind, happening.server, happening.service)
        if where != ("opened", wanted.domain, wanted.service) or happening.facts.get("name"):
            return Seen.OTHER
        if self._peer and happening.facts.get("peer") != self._peer:
            return Seen.OTHER  # another pupil, or a program, in the same lab
        self.connection = happening.connection
        self._opens = None
        return Seen.FITS

    def _fits(self, happening: Happening) -> bool:
        for sign in self._next():
            if self._is(sign, happening):
                self._left.remove(sign)
                return True
        if self._begun and self._is(self._signs[0], happening):
            self._begin_again()
            del self._left[0]
            return True
        return False

    def _next(self) -> list[Sign]:
        """Which signs may come: of commands that are sent together, some may be answered before others have come."""
        if not self._at_once:
            return self._left[:1]
        return list({sign.is_of_client: sign for sign in reversed(self._left)}.values())

    def _is(self, sign: Sign, happening: Happening) -> bool:
        found = sign.fits(happening, self.connection)
        if found is None:
            return False
        self._values.learn(found.groupdict())
        if from_server(happening) and not sign.server:
            self.replies.append(shown(happening)[3:])
        return True

    def _strange(self, happening: Happening) -> Seen:
        if happening.kind == "closed":
            self.connection = 0
            return Seen.CUT
        if refuses(happening):
            self._begin_again()
            return Seen.REFUSED
        if not self._waits_for_client():
            return self._answered(happening)
        if self._whole and from_server(happening):
            self._begin_again()
            return Seen.MISSED
        return Seen.MISTYPED if is_command(happening) else Seen.OTHER

    def _answered(self, happening: Happening) -> Seen:
        if not (self._begun and completes(happening)):
            return Seen.OTHER
        self._begin_again()
        return Seen.MISTYPED

    @property
    def _begun(self) -> bool:
        return len(self._left) < len(self._signs)

    def _waits_for_client(self) -> bool:
        return any(sign.is_of_client for sign in self._next())
