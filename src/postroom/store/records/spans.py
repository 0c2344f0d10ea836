"""Since when, and until when, one thing stands in a relation to another: a record in a place, or before somebody's eyes.

What holds now is a column of its own table; what held once is a row of `records_gone` under a kind of its own, pruned with the others. So it is known
of every state that is not too old what somebody could see at it (RFC 8620 §5.2). Not here: what the relations mean (`record_acl`, `record_places`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from postroom.store.engine.transaction import Transaction
from postroom.store.records import records
from postroom.store.records.records import Kind

ENDED: Final = """
SELECT record_id, created_modseq, modseq FROM records_gone WHERE account_id = $1 AND kind = $2 AND modseq > $3 ORDER BY modseq, record_id
"""


class Span(msgspec.Struct, frozen=True):
    """From one modseq to another of the account, which is the first at which it was over; `until` 0: it is not."""

    since: int
    until: int = 0

    def at(self, modseq: int) -> bool:
        """Whether a state lies in it."""
        return self.since <= modseq and not 0 < self.until <= modseq

    @property
    def turned(self) -> int:
        """When something last changed by it."""
        return self.until or self.since


async def end(tx: Transaction, kind: Kind, record_id: int, span: Span, now: int) -> None:
    """Remembers a span that is over. `now`: unix microseconds."""
    await tx.execute(records.GONE, kind.account_id, kind.name, span.until, record_id, span.since, now)


async def ended(tx: Transaction, kind: Kind, modseq: int) -> dict[int, list[Span]]:
    """The spans that ended after a state, by record."""
    found: dict[int, list[Span]] = {}
    for record_id, since, until in await tx.fetch(ENDED, kind.account_id, kind.name, modseq):
        found.setdefault(record_id, []).append(Span(since, until))
    return found


def held(spans: Iterable[Span], modseq: int) -> bool:
    """Whether any of these holds at a state."""
    return any(one.at(modseq) for one in spans)
