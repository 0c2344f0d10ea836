"""What one attempt at a job came to, before it is written down.

RFC 3461 §5.2 speaks of recipients; so does an attempt: each copy is done for good (`results`) or is to be tried again (`delayed`). Not here: what
follows from it (`deliver.settling`).
"""

from __future__ import annotations

import msgspec

from postroom.deliver.reports import Result
from postroom.message.journey import JourneyEvent
from postroom.store.changes import Change


class Attempt(msgspec.Struct):
    """`delayed` says by copy number what the last try said; `hop_down` why the next hop cannot be reached at all, "" when it can.

    `tried` false: nothing was attempted (an alarm), so that it counts neither for the pauses nor in the journey. `unsent`: the connection
    ended before the server had said anything of this message. `goes_on`: some recipients are done, and others' turn has not come over this
    connection; it comes at once over another one.
    """

    started: int
    results: list[Result] = []
    delayed: dict[int, str] = {}
    events: list[JourneyEvent] = []
    changes: list[Change] = []
    hop_down: str = ""
    tried: bool = True
    unsent: bool = False
    goes_on: bool = False
