"""What a lesson is made of: parts, which stand on their own, of steps, each with something to do and the signs that it was done.

Data only. A step's signs are looked for in what happens in the lab, in their order (see `signs`): a student may therefore type in any program. In
texts `$bob` and its like stand for values (`values`). Not here: the lessons themselves (`catalogue`), how they go on (`attention`, `course`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

HAMBURGER: Final = "hamburger.test"
_LOOKING: Final = frozenset(("journey", "list", "read", "search", "spf"))


class Connect(msgspec.Struct, frozen=True):
    """Opens a connection to a service of a domain's server; what is typed from then on is typed there."""

    service: str
    domain: str = HAMBURGER
    tls: Literal["", "starttls", "implicit"] = ""


class Type(msgspec.Struct, frozen=True):
    """Lines to type on that connection. `at_once`: they are to be pasted together."""

    text: str
    at_once: bool = False


class Run(msgspec.Struct, frozen=True):
    """A command of Postroom's, run by the lesson when Enter is pressed; each of `shows` is a pattern that its output has. `typed` goes to its input.

    `perhaps`: it may fail, where a run that was broken off has left behind what it makes.
    """

    command: str
    shows: tuple[str, ...] = ()
    typed: str = ""
    perhaps: bool = False

    @property
    def by_hand(self) -> str:
        """As it is typed at a shell."""
        return f"printf '{self.typed.rstrip()}' | {self.command}" if self.typed else self.command

    @property
    def looks(self) -> bool:
        """Whether it changes nothing, so that it can be asked again."""
        return not _LOOKING.isdisjoint(self.command.split())


class Ask(msgspec.Struct, frozen=True):
    """A question to the lab's DNS."""

    name: str
    kind: str


class Post(msgspec.Struct, frozen=True):
    """A letter that the lesson itself brings to the recipient's server, so that there is something to look at."""

    text: str
    recipient: str = "$bob"
    sender: str = "$alice"


class Door(msgspec.Struct, frozen=True):
    """The lesson shuts the door of a domain's server for mail, or opens it again."""

    domain: str
    is_open: bool


class Consider(msgspec.Struct, frozen=True):
    """Nothing but to read and think, and to press Enter."""


Action = Connect | Type | Run | Ask | Post | Door | Consider


class Step(msgspec.Struct, frozen=True):
    """One of them: what it is about, what to do, the signs that it was done, and what they mean, with where that is written."""

    say: str
    do: Action
    expect: tuple[str, ...] = ()
    explain: str = ""
    source: str = ""


class Part(msgspec.Struct, frozen=True):
    """Steps that belong together. A lesson that was left goes on with the part in which that was, so a part needs nothing from those before it."""

    title: str
    steps: tuple[Step, ...]


class Lesson(msgspec.Struct, frozen=True):
    """`name` is what commands call it. `lenient`: it needs a lab that notes, and does not refuse, what fails SPF and DMARC."""

    name: str
    title: str
    about: str
    parts: tuple[Part, ...]
    sources: tuple[str, ...]
    lenient: bool = False

    @property
    def is_felt_by_all(self) -> bool:
        """Whether it changes the lab, for everybody who is in it."""
        return any(
            isinstance(do, Door) or (isinstance(do, Run) and do.command.startswith("postroom lab "))
            for do in (step.do for step in self.steps)
        )

    @property
    def steps(self) -> Sequence[Step]:
        """Of all parts."""
        return [step for part in self.parts for step in part.steps]
