"""What one attempt at a job came to, before it is written down.

RFC 3461 §5.2 speaks of recipients; so does an attempt: each copy is done for good (`results`) or is to be tried again (`delayed`). Not here: what
follows from it (`deliver.settling`).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from postroom.deliver.reports import Result
from postroom.message.errors import EnhancedStatus
from postroom.message.journey.events import JourneyEvent
from postroom.store.changes import Change

_STATUS: Final = re.compile(r"(?:4[0-9]{2} )?4\.([0-9]{1,3})\.([0-9]{1,3}) ")
_LATE: Final = EnhancedStatus(4, 4, 7)
_UNDEFINED: Final = EnhancedStatus(4, 0, 0)  # RFC 3461 §6.3 (g)


class Deferral(msgspec.Struct, frozen=True):
    """Why a copy waits: in our own words, or line by line in the reply of the server `remote`, code first."""

    said: str
    remote: str = ""

    @property
    def reply(self) -> tuple[str, ...]:
        """As reports quote it."""
        return tuple(self.said.split("\n"))

    @property
    def words(self) -> str:
        """On one line, for people."""
        return f"{self.remote} said: {' '.join(self.reply)}" if self.remote else self.said

    @property
    def status(self) -> EnhancedStatus:
        """What it begins with; without, that the server did not say, or that it takes long."""
        found = _STATUS.match(self.said)
        if found is not None:
            return EnhancedStatus(4, int(found[1]), int(found[2]))
        return _UNDEFINED if self.remote else _LATE


class Attempt(msgspec.Struct):
    """`delayed` says by copy number what the last try said; `hop_down` why the next hop cannot be reached at all, "" when it can.

    `tried` false: nothing was attempted (an alarm), so that it does not count for the pauses, and the journey has only what was decided. `unsent`: the connection
    ended before the server had said anything of this message. `goes_on`: some recipients are done, and others' turn has not come over this
    connection; it comes at once over another one.
    """

    started: int
    results: list[Result] = []
    delayed: dict[int, Deferral] = {}
    events: list[JourneyEvent] = []
    changes: list[Change] = []
    hop_down: str = ""
    tried: bool = True
    unsent: bool = False
    goes_on: bool = False
