"""States: what a client has seen of a type, as a string that sorts nothing and means something to nobody else.

RFC 8620 §5.1 and §5.2. A state is a modseq of the account. In the middle of a long list of changes it is where that list was left: all changes up
to `modseq`, and of those with the next modseq the ones up to `record`; `base` is where the client began, since what was made after it is new
to him however often it has changed meanwhile. Not here: what has changed.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from postroom.proto.jmap.errors import MethodError

_LARGEST: Final = (1 << 63) - 1  # number of a record
_WRITTEN: Final = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,19})-([0-9]{1,19}))?")


class State(msgspec.Struct, frozen=True):
    """`base` -1: not in the middle of anything."""

    modseq: int
    record: int = 0
    base: int = -1

    def __str__(self) -> str:
        return str(self.modseq) if self.base < 0 else f"{self.modseq}-{self.record}-{self.base}"

    @property
    def began(self) -> int:
        """What the client had seen before all this: what was made later is new to him."""
        return self.modseq if self.base < 0 else self.base

    def within(self, modseq: int, record: int) -> State:
        """The state in the middle of the changes since this one."""
        return State(modseq, record, self.began)


def read_state(text: str, *, floor: int, newest: int) -> State:
    """A client's state; raises `cannotCalculateChanges` for one that was never given, or is older than `floor`."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise MethodError("cannotCalculateChanges", "this is no state of this server")
    modseq, record, base = written.groups()
    state = State(int(modseq)) if record is None else State(int(modseq), int(record), int(base))
    known = floor <= state.began <= state.modseq <= newest
    if not known or state.record > _LARGEST:
        raise MethodError(
            "cannotCalculateChanges", "the state is too old, or from another time of this store"
        )
    return state


class Changed(msgspec.Struct, frozen=True):
    """Something that has changed since a state, as it is now. `created`: the modseq of its making, -1 when that is not known."""

    modseq: int
    record: int
    created: int
    gone: bool


class Told(msgspec.Struct, frozen=True):
    """What /changes says of a piece of the changes."""

    created: list[int]
    updated: list[int]
    destroyed: list[int]


def tell(since: State, changes: list[Changed]) -> Told:
    """What these changes are to a client who is at `since`."""
    told = Told([], [], [])
    for change in changes:
        if change.gone:
            if since.base >= 0 or change.created <= since.began:  # else he never heard of it
                told.destroyed.append(change.record)
        elif change.created > since.began:
            told.created.append(change.record)
        else:
            told.updated.append(change.record)
    return told
